# Fine-tuning, its encoder's weights kept near those it started from.
_base_ = './ft_sface.py'
model = dict(
    regularizers=dict(
        # With the authors' alpha, 0.01, the pull is a thousandth of L_R's:
        # theirs is for SGD and a loss near 1, L_R here is a sum of 48.
        sp=dict(type='L2SPLoss', alpha=1.0)
    )
)
