# best.py, its encoder's maps kept near the source's, at every second step.
_base_ = './best.py'
model = dict(
    regularizers={
        f'ed{2 ** (stage + 2)}': dict(
            type='EncoderDistillLoss', loss_weight=10.0, stage=stage, every=2
        )
        for stage in range(5)
    }
)
