_base_ = '../../../configs/frl_faces/ctd_ed_sface.py'
# Its base's settings, used in Python.
model = dict(
    head=dict(
        out_channels=_base_.num_keypoints,
        decoder=_base_.codec,
    )
)
train_dataloader = dict(
    batch_size=4, dataset=dict(pipeline=_base_.train_pipeline)
)
