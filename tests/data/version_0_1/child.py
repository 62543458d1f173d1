_base_ = '../../../configs/frl_faces/ft_sface.py'
num_keypoints = 14
own = dict(
    data_root='data/myset/',
    ann_file='annotations/landmarks.json',
    num_keypoints=num_keypoints,
)
codec = dict(
    type='UDPHeatmap',
    input_size=(192, 192),
    heatmap_size=(48, 48),
    sigma=2,
)
train_pipeline = [
    dict(type='LoadLandmarkImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackLandmarkInputs'),
]
val_pipeline = [
    dict(type='LoadLandmarkImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True),
    dict(type='PackLandmarkInputs'),
]
train_dataloader = dict(
    dataset=dict(own, split='splits/train.txt', pipeline=train_pipeline)
)
val_dataloader = dict(
    dataset=dict(own, split='splits/val.txt', pipeline=val_pipeline)
)
test_dataloader = dict(
    dataset=dict(own, split='splits/test.txt', pipeline=val_pipeline)
)
default_hooks = dict(checkpoint=dict(save_best='landmark/ME', rule='less'))
model = dict(
    head=dict(out_channels=num_keypoints, decoder=codec),
    regularizers=dict(ed=dict(type='EncoderDistillLoss', loss_weight=10.0)),
)
