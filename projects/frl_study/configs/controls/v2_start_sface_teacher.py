# Starts from dense landmarks, pulled by face recognition: the teacher is not
# where it starts. Both maps are at a sixteenth of the input.
_base_ = '../../../../configs/frl_faces/ft_v2.py'
model = dict(
    init_from_teacher=False,
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            prefix='backbone.',
            checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/face_landmarker.pth',
        )
    ),
    teacher=dict(
        _delete_=True,
        type='SourceModel',
        backbone=dict(type='SFaceNet'),
        data_preprocessor=dict(
            type='PoseDataPreprocessor',
            mean=[127.5, 127.5, 127.5],
            std=[128.0, 128.0, 128.0],
            bgr_to_rgb=True,
        ),
        checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/sface.pth',
        how_to_get='mmpose_ctd download sface',
    ),
    regularizers=dict(
        ed=dict(
            type='EncoderDistillLoss',
            loss_weight=10.0,
            stage=2,
            teacher_stage=0,
            connector=dict(in_channels=128, out_channels=1024),
        )
    ),
)
