# Fine-tuning, its encoder's feature map kept near the frozen source's.
_base_ = './ft_faceres.py'
model = dict(
    regularizers=dict(ed=dict(type='EncoderDistillLoss', loss_weight=10.0))
)
