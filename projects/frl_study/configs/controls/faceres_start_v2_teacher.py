# Starts from face recognition, pulled by dense landmarks: the teacher is not
# where it starts. Both maps are at a sixteenth of the input.
_base_ = './v2_start_sface_teacher.py'
image_convention = dict(std=[1.0, 1.0, 1.0])
model = dict(
    # The student of ft_faceres.py.
    data_preprocessor=image_convention,
    backbone=dict(
        type='FaceResNet',
        out_indices=(0, 1, 2, 3),
        init_cfg=dict(
            checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/faceres.pth'
        ),
    ),
    neck=dict(in_channels=(128, 256, 512, 1024)),
    teacher=dict(
        backbone=dict(type='FaceLandmarkerV2', out_indices=(2,)),
        data_preprocessor=dict(
            mean=[0.0, 0.0, 0.0], std=[255.0, 255.0, 255.0]
        ),
        checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/face_landmarker.pth',
        how_to_get='mmpose_ctd download face-landmarker',
    ),
    regularizers=dict(
        ed=dict(connector=dict(in_channels=512, out_channels=128))
    ),
)
