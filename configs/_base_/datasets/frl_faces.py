# Real frontal faces with 19 anatomical landmarks, 256x256 pixels.
# projects/frl_study/webmorph_to_coco.py makes the folder.
dataset_type = 'CIFASDDataset'
data_root = '{{$CTD_DATA_ROOT:data}}/frl_faces/'
num_keypoints = 19

# Pixels of the square input. Another size, or a crop to the detected face:
#   --cfg-options framing.input_size=128 framing.face_side=1.1
# or a config of three lines (mmpose_ctd/framing.py). A CPU trains at 128 in a
# quarter of the time.
input_side = 256

# Heat-maps at a quarter of the input; UDP keeps landmarks unbiased under
# flips and resizing and decodes between the heat-map's pixels.
codec = dict(
    type='UDPHeatmap',
    input_size=(input_side, input_side),
    heatmap_size=(input_side // 4, input_side // 4),
    # Heat-map pixels. Thirds only: MMPose draws others a pixel off.
    sigma=2.0,
)

train_pipeline = [
    dict(type='LoadLandmarkImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(
        type='RandomBBoxTransform',
        # With framing.face_side it is 1: the detector's boxes vary as much.
        shift_factor=0.06,
        shift_prob=0.0,
        scale_factor=(0.8, 1.2),
        scale_prob=1.0,
        rotate_factor=15.0,
        rotate_prob=1.0,
    ),
    dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackLandmarkInputs'),
]
val_pipeline = [
    dict(type='LoadLandmarkImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True),
    dict(type='PackLandmarkInputs'),
]

# Another budget of labels, another seed:
#   --cfg-options train_dataloader.dataset.split=splits/train_n080_seed1.txt
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    # Fewer tensors to hand over than mmengine's.
    collate_fn=dict(type='stacked_collate'),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/landmarks19.json',
        split='splits/train_n020_seed0.txt',
        num_keypoints=num_keypoints,
        pipeline=train_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=20,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/landmarks19.json',
        split='splits/test.txt',
        num_keypoints=num_keypoints,
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
# Every label of the budget trains, so none is left to validate on. What is
# printed while training is the test set, for watching only: nothing is chosen
# by it, the last iteration is the result. Who tunes something points
# val_dataloader.dataset.split to other subjects.
val_dataloader = test_dataloader

test_evaluator = dict(
    type='LandmarkErrorMetric',
    unit='input',
    threshold=5.0,
    failure_thresholds=(2.0, 3.0),
)
# No intervals while training: they would only lengthen the log.
val_evaluator = dict(test_evaluator, num_bootstrap=0)
