# A face-recognition network with deconvolutions on its last map. Head width
# and codec are the config's that uses it.
# How images come: R, G, B, (x - mean) / std. The student may use another.
image_convention = dict(
    type='PoseDataPreprocessor',
    mean=[127.5, 127.5, 127.5],
    std=[128.0, 128.0, 128.0],
    bgr_to_rgb=True,
)
model = dict(
    type='CTDTopdownPoseEstimator',
    channels_last=True,
    data_preprocessor=image_convention,
    backbone=dict(type='SFaceNet'),
    head=dict(
        type='HeatmapHead',
        in_channels=1024,
        # Stride 16 to the heat-maps' 4.
        deconv_out_channels=(256, 256),
        deconv_kernel_sizes=(4, 4),
        loss=dict(type='HeatmapFrobeniusLoss'),
    ),
    # The frozen source. Its encoder is also where the backbone starts.
    teacher=dict(
        type='SourceModel',
        backbone=dict(type='SFaceNet'),
        head=dict(type='SFaceEmbedding'),
        data_preprocessor=image_convention,
        checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/sface.pth',
        how_to_get='mmpose_ctd download sface',
    ),
)
