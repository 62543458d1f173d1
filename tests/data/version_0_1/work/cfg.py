before = [
    dict(type='LoadLandmarkImage'),
    dict(padding=1.0, type='GetBBoxCenterScale'),
]
codec = dict(
    heatmap_size=(
        8,
        8,
    ),
    input_size=(
        32,
        32,
    ),
    sigma=1,
    type='UDPHeatmap',
)
custom_hooks = [
    dict(type='FreedMemoryHook'),
    dict(type='SyncBuffersHook'),
    dict(type='PrivacyHook'),
    dict(type='RegularizerStateHook'),
]
custom_imports = dict(
    allow_failed_imports=False,
    imports=[
        'mmpose_ctd',
        'toy_models',
    ],
)
default_hooks = dict(
    checkpoint=dict(
        by_epoch=True,
        interval=2,
        max_keep_ckpts=1,
        rule='less',
        save_best='landmark/ME',
        type='CheckpointHook',
    ),
    logger=dict(interval=25, type='LoggerHook'),
    param_scheduler=dict(type='ParamSchedulerHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    timer=dict(type='IterTimerHook'),
    visualization=dict(enable=False, type='LandmarkFigureHook'),
)
default_scope = 'mmpose'
env_cfg = dict(
    cudnn_benchmark=False,
    dist_cfg=dict(backend='nccl'),
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
)
launcher = 'none'
load_from = None
log_level = 'INFO'
log_processor = dict(by_epoch=True, type='LogProcessor', window_size=25)
model = dict(
    backbone=dict(
        channels=(
            8,
            16,
        ),
        type='ToyEncoder',
    ),
    data_preprocessor=dict(
        bgr_to_rgb=True,
        mean=[
            120.0,
            110.0,
            100.0,
        ],
        std=[
            60.0,
            60.0,
            60.0,
        ],
        type='PoseDataPreprocessor',
    ),
    head=dict(
        conv_kernel_sizes=(5,),
        conv_out_channels=(16,),
        decoder=dict(
            heatmap_size=(
                8,
                8,
            ),
            input_size=(
                32,
                32,
            ),
            sigma=1,
            type='UDPHeatmap',
        ),
        deconv_out_channels=None,
        in_channels=16,
        loss=dict(type='HeatmapFrobeniusLoss'),
        out_channels=19,
        type='HeatmapHead',
    ),
    type='CTDTopdownPoseEstimator',
)
num_keypoints = 19
optim_wrapper = dict(optimizer=dict(lr=0.003, type='Adam'))
param_scheduler = [
    dict(begin=0, by_epoch=True, end=4, power=0.9, type='PolyLR'),
]
randomness = dict(seed=0)
resume = False
side = 32
test_cfg = dict()
test_dataloader = dict(
    batch_size=6,
    dataset=dict(
        ann_file='annotations/landmarks.json',
        data_root='set/',
        num_keypoints=19,
        pipeline=[
            dict(type='LoadLandmarkImage'),
            dict(padding=1.0, type='GetBBoxCenterScale'),
            dict(
                input_size=(
                    32,
                    32,
                ),
                type='TopdownAffine',
                use_udp=True,
            ),
            dict(type='PackLandmarkInputs'),
        ],
        split='splits/test.txt',
        type='CIFASDDataset',
    ),
    num_workers=0,
    sampler=dict(shuffle=False, type='DefaultSampler'),
)
test_evaluator = dict(threshold=5.0, type='LandmarkErrorMetric', unit='input')
train_cfg = dict(by_epoch=True, max_epochs=4, val_interval=2)
train_dataloader = dict(
    batch_size=6,
    dataset=dict(
        ann_file='annotations/landmarks.json',
        data_root='set/',
        num_keypoints=19,
        pipeline=[
            dict(type='LoadLandmarkImage'),
            dict(padding=1.0, type='GetBBoxCenterScale'),
            dict(direction='horizontal', prob=0.5, type='RandomFlip'),
            dict(
                input_size=(
                    32,
                    32,
                ),
                type='TopdownAffine',
                use_udp=True,
            ),
            dict(
                encoder=dict(
                    heatmap_size=(
                        8,
                        8,
                    ),
                    input_size=(
                        32,
                        32,
                    ),
                    sigma=1,
                    type='UDPHeatmap',
                ),
                type='GenerateTarget',
            ),
            dict(type='PackLandmarkInputs'),
        ],
        split='splits/train.txt',
        type='CIFASDDataset',
    ),
    num_workers=0,
    sampler=dict(shuffle=True, type='DefaultSampler'),
)
train_pipeline = [
    dict(type='LoadLandmarkImage'),
    dict(padding=1.0, type='GetBBoxCenterScale'),
    dict(direction='horizontal', prob=0.5, type='RandomFlip'),
    dict(
        input_size=(
            32,
            32,
        ),
        type='TopdownAffine',
        use_udp=True,
    ),
    dict(
        encoder=dict(
            heatmap_size=(
                8,
                8,
            ),
            input_size=(
                32,
                32,
            ),
            sigma=1,
            type='UDPHeatmap',
        ),
        type='GenerateTarget',
    ),
    dict(type='PackLandmarkInputs'),
]
val_cfg = dict()
val_dataloader = dict(
    batch_size=6,
    dataset=dict(
        ann_file='annotations/landmarks.json',
        data_root='set/',
        num_keypoints=19,
        pipeline=[
            dict(type='LoadLandmarkImage'),
            dict(padding=1.0, type='GetBBoxCenterScale'),
            dict(
                input_size=(
                    32,
                    32,
                ),
                type='TopdownAffine',
                use_udp=True,
            ),
            dict(type='PackLandmarkInputs'),
        ],
        split='splits/val.txt',
        type='CIFASDDataset',
    ),
    num_workers=0,
    sampler=dict(shuffle=False, type='DefaultSampler'),
)
val_evaluator = dict(threshold=5.0, type='LandmarkErrorMetric', unit='input')
val_pipeline = [
    dict(type='LoadLandmarkImage'),
    dict(padding=1.0, type='GetBBoxCenterScale'),
    dict(
        input_size=(
            32,
            32,
        ),
        type='TopdownAffine',
        use_udp=True,
    ),
    dict(type='PackLandmarkInputs'),
]
vis_backends = [
    dict(type='LocalVisBackend'),
]
visualizer = dict(
    name='visualizer',
    type='PoseLocalVisualizer',
    vis_backends=[
        dict(type='LocalVisBackend'),
    ],
)
work_dir = 'work'
