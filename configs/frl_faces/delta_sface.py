# Fine-tuning, its encoder's feature map kept near the frozen source's, values
# and all. All channels weigh the same; weights of a file:
#   --cfg-options model.regularizers.delta.channel_weights=FILE
# (mmpose_ctd delta-weights makes it; docs/regularizers.md)
_base_ = './ft_sface.py'
model = dict(regularizers=dict(delta=dict(type='DELTALoss', loss_weight=0.1)))
