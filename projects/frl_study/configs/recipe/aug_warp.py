# Fine-tuning on faces that are deformed about as much as people differ.
_base_ = '../../../../configs/frl_faces/ft_sface.py'
warp = dict(type='RandomThinPlateWarp', amplitude=0.01)
train_pipeline = [
    *_base_.train_pipeline[:-2],
    warp,
    *_base_.train_pipeline[-2:],
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
