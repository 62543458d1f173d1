# CTD-ED on another of the encoder's maps: 0, 1, 2 or 3 (which is ctd_ed_sface)
#   --cfg-options model.regularizers.ed.stage=0
_base_ = '../../../../configs/frl_faces/ctd_ed_sface.py'
stages = (0, 1, 2, 3)
model = dict(
    backbone=dict(out_indices=stages),
    teacher=dict(backbone=dict(out_indices=stages)),
    regularizers=dict(ed=dict(stage=2)),
)
