# An HRNet-W32 student, held near a teacher of another architecture: SFace.
_base_ = ['../frl_faces/ctd_ed_sface.py', './_base_/hrnet.py']
model = dict(
    # The student's own images. The teacher's are worked out from both.
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    init_from_teacher=False,
    backbone=dict(
        _delete_=True,
        type='HRNet',
        extra=dict(
            stage1=_base_.hrnet.stage1,
            stage2=dict(_base_.hrnet.stage2, num_channels=(32, 64)),
            stage3=dict(_base_.hrnet.stage3, num_channels=(32, 64, 128)),
            stage4=dict(_base_.hrnet.stage4, num_channels=(32, 64, 128, 256)),
        ),
        # From random weights. MMPose's published start:
        # init_cfg=dict(
        #     type='Pretrained',
        #     checkpoint='https://download.openmmlab.com/mmpose/'
        #     'pretrain_models/hrnet_w32-36af842e.pth',
        # ),
    ),
    head=dict(
        in_channels=32,
        # The map has the heat-maps' size already.
        deconv_out_channels=None,
        deconv_kernel_sizes=None,
    ),
    regularizers=dict(
        ed=dict(
            # 32 channels at stride 4 against 1024 at stride 16.
            connector=dict(
                type='PointwiseConnector', in_channels=32, out_channels=1024
            ),
            resample=True,
        )
    ),
)
