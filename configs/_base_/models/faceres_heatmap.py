# VGGFace2's people recognised by a MobileNet, with deconvolutions on its last
# map. Head width and codec are the config's that uses it.
# How images come: R, G, B of 0..255, as they are.
image_convention = dict(
    type='PoseDataPreprocessor',
    mean=[0.0, 0.0, 0.0],
    std=[1.0, 1.0, 1.0],
    bgr_to_rgb=True,
)
model = dict(
    type='CTDTopdownPoseEstimator',
    channels_last=True,
    data_preprocessor=image_convention,
    backbone=dict(type='FaceResNet'),
    head=dict(
        type='HeatmapHead',
        in_channels=1024,
        # Stride 32 to the heat-maps' 4.
        deconv_out_channels=(256, 256, 256),
        deconv_kernel_sizes=(4, 4, 4),
        loss=dict(type='HeatmapFrobeniusLoss'),
    ),
    # The frozen source. Its encoder is also where the backbone starts.
    teacher=dict(
        type='SourceModel',
        backbone=dict(type='FaceResNet'),
        # Published without the people's classifier: the pooled map is the
        # embedding.
        head=dict(type='PooledClassifier', in_channels=1024, num_classes=None),
        data_preprocessor=image_convention,
        checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/faceres.pth',
        how_to_get='mmpose_ctd download faceres',
    ),
)
