# Fine-tuning, its encoder looking where the frozen source's does.
_base_ = './ft_sface.py'
model = dict(
    regularizers=dict(
        spatial=dict(type='SpatialAttentionDistillLoss', loss_weight=10.0)
    )
)
