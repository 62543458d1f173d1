# Fine-tuning, its embedding kept near the frozen source's.
_base_ = './ft_sface.py'
model = dict(
    regularizers=dict(
        cd=dict(
            type='ClassifierDistillLoss', loss_weight=10.0, temperature=1.0
        )
    )
)
