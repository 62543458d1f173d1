# Plain fine-tuning on a clinical set of one's own: starts from VGGFace2's
# ResNet-50, no regulariser. The other systems are this one and what makes them
# themselves.
_base_ = [
    '_base_/default_runtime.py',
    '_base_/datasets/cifasd.py',
    '_base_/schedules/adam_poly_500.py',
    '_base_/models/vggface2_resnet50_heatmap.py',
]
model = dict(
    head=dict(out_channels=_base_.num_keypoints, decoder=_base_.codec)
)
# The validation subjects choose the checkpoint; the test set chooses nothing.
default_hooks = dict(
    checkpoint=dict(save_best='landmark/ME', rule='less'),
)
