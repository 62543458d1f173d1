# MMPose's own hourglass (its hourglass52), from scratch: no source network.
# One stack, as MMPose's heads supervise the last one only. Head width and
# codec are the config's that uses it.
model = dict(
    # Without a teacher it is MMPose's TopdownPoseEstimator.
    type='CTDTopdownPoseEstimator',
    channels_last=True,
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(type='HourglassNet', num_stacks=1),
    head=dict(
        type='HeatmapHead',
        in_channels=256,
        deconv_out_channels=None,
        loss=dict(type='HeatmapFrobeniusLoss'),
    ),
)
