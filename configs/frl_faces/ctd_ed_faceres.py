# Fine-tuning, its encoder's four maps kept near the frozen source's.
_base_ = './ft_faceres.py'
model = dict(
    regularizers=dict(
        ed4=dict(type='EncoderDistillLoss', loss_weight=10.0, stage=0),
        ed8=dict(type='EncoderDistillLoss', loss_weight=10.0, stage=1),
        ed16=dict(type='EncoderDistillLoss', loss_weight=10.0, stage=2),
        ed32=dict(type='EncoderDistillLoss', loss_weight=10.0, stage=3),
    )
)
