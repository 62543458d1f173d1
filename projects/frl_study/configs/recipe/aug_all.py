# Fine-tuning with the three changes of augmentation together.
_base_ = './aug_photometric.py'
warp = dict(type='RandomThinPlateWarp', amplitude=0.01)
train_pipeline = [
    *_base_.train_pipeline[:-2],
    warp,
    *_base_.train_pipeline[-2:],
]
train_pipeline[-6]['rotate_factor'] = 30.0
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
