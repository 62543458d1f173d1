# Plain fine-tuning: starts from a network that recognises VGGFace2's people.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/frl_faces.py',
    '../_base_/schedules/adam_poly_500.py',
    '../_base_/models/faceres_heatmap.py',
]
model = dict(
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec)
)
