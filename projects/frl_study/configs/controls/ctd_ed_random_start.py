# CTD-ED from random weights: face recognition comes by the teacher alone.
_base_ = '../../../../configs/frl_faces/ctd_ed_sface.py'
model = dict(init_from_teacher=False)
