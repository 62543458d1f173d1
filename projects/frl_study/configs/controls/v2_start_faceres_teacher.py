# Starts from dense landmarks, pulled by recognition of VGGFace2's people: the
# teacher is not where it starts. Both maps are at a sixteenth of the input.
_base_ = './v2_start_sface_teacher.py'
model = dict(
    teacher=dict(
        backbone=dict(_delete_=True, type='FaceResNet', out_indices=(2,)),
        data_preprocessor=dict(mean=[0.0, 0.0, 0.0], std=[1.0, 1.0, 1.0]),
        checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/faceres.pth',
        how_to_get='mmpose_ctd download faceres',
    ),
    regularizers=dict(ed=dict(connector=dict(out_channels=512))),
)
