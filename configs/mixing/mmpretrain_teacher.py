# A classifier of mmpretrain as teacher: ImageNet's ResNet-50, all of it. The
# student is MMPose's ResNet-50, whose layers have the same names.
_base_ = '../frl_faces/ft_sface.py'
imagenet = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
checkpoint = 'resnet50_8xb32_in1k_20210831-ea4938fc.pth'
model = dict(
    data_preprocessor=dict(imagenet, bgr_to_rgb=True),
    backbone=dict(_delete_=True, type='ResNet', depth=50),
    head=dict(
        in_channels=2048,
        # Stride 32 to the heat-maps' 4.
        deconv_out_channels=(256, 256, 256),
        deconv_kernel_sizes=(4, 4, 4),
    ),
    # `model` of mmpretrain's resnet50_8xb32_in1k.py, as it stands there, and
    # the data_preprocessor that stands beside it.
    teacher=dict(
        _delete_=True,
        type='mmpretrain.ImageClassifier',
        backbone=dict(
            type='ResNet',
            depth=50,
            num_stages=4,
            out_indices=(3,),
            style='pytorch',
        ),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            type='LinearClsHead',
            num_classes=1000,
            in_channels=2048,
            loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        ),
        data_preprocessor=dict(imagenet, num_classes=1000, to_rgb=True),
        checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/' + checkpoint,
        how_to_get='download https://download.openmmlab.com/mmclassification/'
        f'v0/resnet/{checkpoint} into the folder that the path names',
    ),
    regularizers=dict(
        ed=dict(type='EncoderDistillLoss', loss_weight=10.0),
        # On the classifier's logits over 1000 classes.
        cd=dict(type='ClassifierDistillLoss', loss_weight=10.0),
    ),
)
