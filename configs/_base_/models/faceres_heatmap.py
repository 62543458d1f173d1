# A MobileNet that learned VGGFace2's people; its maps of four strides are
# added up at the finest, where the head finds the heat-maps, as on the dense
# landmarks' network. Head width and codec are the config's that uses it.
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
    backbone=dict(type='FaceResNet', out_indices=(0, 1, 2, 3)),
    neck=dict(
        type='TopDownNeck',
        in_channels=(128, 256, 512, 1024),
        out_channels=64,
    ),
    head=dict(
        type='HeatmapHead',
        in_channels=64,
        # The map has the heat-maps' stride of 4 already.
        deconv_out_channels=None,
        conv_out_channels=(64,),
        conv_kernel_sizes=(3,),
        loss=dict(type='HeatmapFrobeniusLoss'),
    ),
    # The frozen source. Its encoder is also where the backbone starts.
    teacher=dict(
        type='SourceModel',
        backbone=dict(type='FaceResNet', out_indices=(0, 1, 2, 3)),
        # Published without the people's classifier: the pooled map is the
        # embedding.
        head=dict(type='PooledClassifier', in_channels=1024, num_classes=None),
        data_preprocessor=image_convention,
        checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/faceres.pth',
        how_to_get='mmpose_ctd download faceres',
    ),
)
