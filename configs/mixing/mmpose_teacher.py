# A landmark network of MMPose as teacher: HRNetV2-W18, trained on the 98
# landmarks of WFLW. The student is the same network with a head of its own.
_base_ = ['../frl_faces/ft_sface.py', './_base_/hrnet.py']
checkpoint = 'hrnetv2_w18_wflw_256x256-2bf032a6_20210125.pth'
convention = dict(
    type='PoseDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
)
hrnet_v2_w18 = dict(
    type='HRNet',
    extra=dict(
        stage1=_base_.hrnet.stage1,
        stage2=dict(_base_.hrnet.stage2, num_channels=(18, 36)),
        stage3=dict(_base_.hrnet.stage3, num_channels=(18, 36, 72)),
        stage4=dict(
            _base_.hrnet.stage4,
            num_channels=(18, 36, 72, 144),
            multiscale_output=True,
        ),
        upsample=dict(mode='bilinear', align_corners=False),
    ),
)
model = dict(
    data_preprocessor=convention,
    backbone=dict(hrnet_v2_w18, _delete_=True),
    # Its four maps, brought to the finest's size and joined.
    neck=dict(type='FeatureMapProcessor', concat=True),
    head=dict(
        in_channels=270,
        deconv_out_channels=None,
        deconv_kernel_sizes=None,
        conv_out_channels=(270,),
        conv_kernel_sizes=(1,),
    ),
    teacher=dict(
        _delete_=True,
        type='SourceModel',
        backbone=hrnet_v2_w18,
        data_preprocessor=convention,
        checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/' + checkpoint,
        # The file is a whole landmark model of 2021; its encoder is wanted.
        prefix='backbone.',
        how_to_get='download https://download.openmmlab.com/mmpose/face/'
        f'hrnetv2/{checkpoint} into the folder that the path names',
    ),
    # The finest map and the coarsest.
    regularizers=dict(
        ed_fine=dict(type='EncoderDistillLoss', loss_weight=10.0, stage=0),
        ed=dict(type='EncoderDistillLoss', loss_weight=10.0),
    ),
)
