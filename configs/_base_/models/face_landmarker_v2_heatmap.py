# MediaPipe's second face landmarker; its maps of five strides are added up at
# the finest, where the head finds the heat-maps. Head width and codec are the
# config's that uses it.
# How images come: R, G, B of 0..1. The student may use another.
image_convention = dict(
    type='PoseDataPreprocessor',
    mean=[0.0, 0.0, 0.0],
    std=[255.0, 255.0, 255.0],
    bgr_to_rgb=True,
)
model = dict(
    type='CTDTopdownPoseEstimator',
    channels_last=True,
    data_preprocessor=image_convention,
    backbone=dict(type='FaceLandmarkerV2'),
    neck=dict(
        type='TopDownNeck',
        in_channels=(32, 64, 128, 128, 128),
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
    # The frozen source. Its encoder is also where the backbone starts. It has
    # no classifier, so CD is refused.
    teacher=dict(
        type='SourceModel',
        backbone=dict(type='FaceLandmarkerV2'),
        data_preprocessor=image_convention,
        checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/face_landmarker.pth',
        how_to_get='mmpose_ctd download face-landmarker',
    ),
)
