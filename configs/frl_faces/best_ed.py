# best.py, its encoder's five maps kept near the frozen source's.
_base_ = './best.py'
model = dict(
    regularizers={
        f'ed{2 ** (stage + 2)}': dict(
            type='EncoderDistillLoss', loss_weight=10.0, stage=stage
        )
        for stage in range(5)
    }
)
