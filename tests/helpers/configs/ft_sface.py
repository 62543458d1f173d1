# Plain fine-tuning on small synthetic faces.
_base_ = [
    '../../../configs/_base_/default_runtime.py',
    './synthetic_faces.py',
    '../../../configs/_base_/schedules/adam_poly_500.py',
    '../../../configs/_base_/models/sface_heatmap.py',
]
model = dict(
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec)
)
