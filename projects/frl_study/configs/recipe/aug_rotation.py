# Fine-tuning on images turned by up to 30 degrees, instead of 15.
_base_ = '../../../../configs/frl_faces/ft_sface.py'
train_pipeline = _base_.train_pipeline
train_pipeline[-4]['rotate_factor'] = 30.0
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
