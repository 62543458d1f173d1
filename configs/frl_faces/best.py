# One config from photographs to landmarks: starts from a network that learned
# 478 dense landmarks of faces. It also finds the face, and labels photographs
# that nobody labelled. Get it with
#   mmpose_ctd download face-landmarker
# What it reaches: configs/frl_faces/README.md
_base_ = './ft_v2.py'

find_face = dict(type='FindMeshBox', side=1.15)
train_pipeline = [
    # Load, find the face, take its box, flip.
    *_base_.train_pipeline[:1],
    find_face,
    *_base_.train_pipeline[1:3],
    # The face's own box varies little.
    dict(
        type='RandomBBoxTransform',
        shift_factor=0.05,
        shift_prob=1.0,
        scale_factor=(0.9, 1.1),
        scale_prob=1.0,
        rotate_factor=15.0,
        rotate_prob=1.0,
    ),
    *_base_.train_pipeline[4:5],
    # Deforms faces about as much as people differ.
    dict(type='RandomThinPlateWarp', amplitude=0.01),
    dict(
        type='mmpretrain.ColorJitter',
        brightness=0.3,
        contrast=0.3,
        saturation=0.3,
    ),
    *_base_.train_pipeline[5:],
]
val_pipeline = [
    *_base_.val_pipeline[:1],
    find_face,
    *_base_.val_pipeline[1:],
]
train_dataloader = dict(
    # The more labels, the fewer of the other photographs.
    batch_sampler=dict(type='PartlyLabelledBatchSampler', equal_at=20),
    dataset=dict(
        type='PartlyLabelledDataset',
        pipeline=train_pipeline,
        # Photographs of everybody who is not tested, without their labels: the
        # dense landmarks, fitted to the labelled faces, stand in for them.
        unlabelled=dict(
            ann_file=[
                'annotations/landmarks19.json',
                'annotations/unlabelled.json',
            ],
            exclude=['splits/test.txt'],
            mesh_labels=True,
        ),
    ),
)
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=val_pipeline))

max_iters = 1200
train_cfg = dict(max_iters=max_iters)
optim_wrapper = dict(
    # Fused: each parameter is a group, and a loop over them takes time.
    optimizer=dict(lr=1e-3, fused=True),
    # The trunk has learned faces already.
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.3))),
)
param_scheduler = [dict(_base_.param_scheduler[0], end=max_iters)]
model = dict(
    # The sites' annotators place some landmarks differently, the top of the
    # philtrum by two pixels; and those of one all too far left, so that mirror
    # images differ.
    head=dict(type='SiteHeatmapHead', sites=('london', '3dsk')),
    # Landmarks have partners on the other side, so the mirrored image is a
    # second opinion.
    test_cfg=dict(flip_test=True),
)
# Pixels of the photograph.
test_evaluator = dict(unit='image')
val_evaluator = dict(unit='image')
