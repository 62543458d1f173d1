# Fine-tuning, its softened answers of the source's classifier kept near the
# frozen source's.
_base_ = './ft_resnet50.py'
model = dict(
    regularizers=dict(cd=dict(type='ClassifierDistillLoss', loss_weight=10.0))
)
