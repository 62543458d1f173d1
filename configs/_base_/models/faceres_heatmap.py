# A MobileNet that learned VGGFace2's people, in place of the dense landmarks'
# network: neck and head are that one's.
_base_ = './face_landmarker_v2_heatmap.py'
# How images come: R, G, B of 0..255, as they are.
image_convention = dict(std=[1.0, 1.0, 1.0])
model = dict(
    data_preprocessor=image_convention,
    backbone=dict(type='FaceResNet', out_indices=(0, 1, 2, 3)),
    neck=dict(in_channels=(128, 256, 512, 1024)),
    # The frozen source. Its encoder is also where the backbone starts.
    teacher=dict(
        backbone=dict(type='FaceResNet', out_indices=(0, 1, 2, 3)),
        # Published without the people's classifier: the pooled map is the
        # embedding.
        head=dict(type='PooledClassifier', in_channels=1024, num_classes=None),
        data_preprocessor=image_convention,
        checkpoint='{{$CTD_CHECKPOINTS:checkpoints}}/faceres.pth',
        how_to_get='mmpose_ctd download faceres',
    ),
)
