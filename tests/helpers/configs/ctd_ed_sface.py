# Fine-tuning held near the frozen source.
_base_ = './ft_sface.py'
model = dict(
    regularizers=dict(ed=dict(type='EncoderDistillLoss', loss_weight=10.0))
)
