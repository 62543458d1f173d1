# configs/frl_faces/ctd_ed_sface.py for codecs that count pixels as most of
# MMPose's do, (0, 0) being the middle of the first; UDP has a warp of its own.
# Whoever builds on it names a codec and appends to `steps` what encodes it.
_base_ = '../../frl_faces/ctd_ed_sface.py'
affine = dict(type='TopdownAffine', input_size=_base_.codec.input_size)
steps = [*_base_.train_pipeline[:4], affine]
val_pipeline = [*_base_.val_pipeline[:2], affine, *_base_.val_pipeline[3:]]
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=val_pipeline))
