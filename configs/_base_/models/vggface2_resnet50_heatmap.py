# VGGFace2's ResNet-50 with three deconvolutions, as in the paper. Head width
# and codec are the config's that uses it.
image_convention = dict(
    type='PoseDataPreprocessor',
    mean=[131.0912, 103.8827, 91.4953],
    std=[1.0, 1.0, 1.0],
    bgr_to_rgb=True,
)
model = dict(
    type='CTDTopdownPoseEstimator',
    channels_last=True,
    data_preprocessor=image_convention,
    backbone=dict(type='VGGFace2ResNet'),
    head=dict(
        type='HeatmapHead',
        in_channels=2048,
        loss=dict(type='HeatmapFrobeniusLoss'),
    ),
    teacher=dict(
        type='SourceModel',
        backbone=dict(type='VGGFace2ResNet'),
        head=dict(type='PooledClassifier'),
        data_preprocessor=image_convention,
        checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/vggface2_resnet50.pth',
        how_to_get='ask the authors of VGGFace2 for resnet50_ft (it may not '
        'be redistributed), then: mmpose_ctd convert-vggface2 FILE '
        'checkpoints/vggface2_resnet50.pth',
    ),
)
