# Fine-tuning, its encoder using the channels that the frozen source's does.
_base_ = './ft_sface.py'
model = dict(
    regularizers=dict(
        channel=dict(type='ChannelAttentionDistillLoss', loss_weight=10.0)
    )
)
