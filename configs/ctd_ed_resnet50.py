# The paper's main system: fine-tuning, its encoder's feature map kept near the
# frozen source's.
_base_ = './ft_resnet50.py'
model = dict(
    regularizers=dict(ed=dict(type='EncoderDistillLoss', loss_weight=10.0))
)
