# Starts from face recognition, pulled by dense landmarks: the teacher is not
# where it starts. Both maps are at a sixteenth of the input.
_base_ = '../../../../configs/frl_faces/ft_faceres.py'
model = dict(
    init_from_teacher=False,
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            prefix='backbone.',
            checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/faceres.pth',
        )
    ),
    teacher=dict(
        _delete_=True,
        type='SourceModel',
        backbone=dict(type='FaceLandmarkerV2', out_indices=(2,)),
        data_preprocessor=dict(
            type='PoseDataPreprocessor',
            mean=[0.0, 0.0, 0.0],
            std=[255.0, 255.0, 255.0],
            bgr_to_rgb=True,
        ),
        checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/face_landmarker.pth',
        how_to_get='mmpose_ctd download face-landmarker',
    ),
    regularizers=dict(
        ed=dict(
            type='EncoderDistillLoss',
            loss_weight=10.0,
            stage=2,
            teacher_stage=0,
            connector=dict(in_channels=512, out_channels=128),
        )
    ),
)
