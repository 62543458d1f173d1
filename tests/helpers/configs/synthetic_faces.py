# Synthetic faces of mmpose_ctd synthetic-faces at 128x128 pixels.
_base_ = '../../../configs/_base_/datasets/frl_faces.py'
data_root = '{{$CTD_DATA_ROOT:data}}/synthetic_faces/'

codec = dict(
    type='UDPHeatmap',
    input_size=(128, 128),
    heatmap_size=(32, 32),
    sigma=4 / 3,
)
affine = dict(
    type='TopdownAffine', input_size=codec['input_size'], use_udp=True
)
train_pipeline = [
    *_base_.train_pipeline[:4],
    affine,
    dict(type='GenerateTarget', encoder=codec),
    *_base_.train_pipeline[6:],
]
val_pipeline = [*_base_.val_pipeline[:2], affine, *_base_.val_pipeline[3:]]

train_dataloader = dict(
    dataset=dict(data_root=data_root, pipeline=train_pipeline)
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root, split='splits/val.txt', pipeline=val_pipeline
    )
)
test_dataloader = dict(
    dataset=dict(data_root=data_root, pipeline=val_pipeline)
)
# Errors in pixels of the 256x256 photographs, comparable with 256x256 inputs.
val_evaluator = dict(unit='image')
test_evaluator = dict(unit='image')
