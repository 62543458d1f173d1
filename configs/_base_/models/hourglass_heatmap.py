# MMPose's own hourglass (its hourglass52), two stacks from scratch, each with
# a loss of its own: no source network. The last stack gives the landmarks.
# Head width and codec are the config's that uses it.
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
    backbone=dict(type='HourglassNet', num_stacks=2),
    head=dict(
        type='CPMHead',
        in_channels=256,
        num_stages=2,
        loss=dict(type='HeatmapFrobeniusLoss'),
    ),
)
