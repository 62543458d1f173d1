# Plain fine-tuning: starts from a network of 478 landmarks, no regulariser.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/frl_faces.py',
    '../_base_/schedules/adam_poly_500.py',
    '../_base_/models/face_landmarker_v2_heatmap.py',
]
model = dict(
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec)
)
