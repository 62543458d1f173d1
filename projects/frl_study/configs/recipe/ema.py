# Fine-tuning whose result is a running average of the weights.
_base_ = '../../../../configs/frl_faces/ft_sface.py'
custom_hooks = [
    *_base_.custom_hooks,
    # Over some 1 / momentum = 50 steps; BatchNorm statistics, too.
    dict(type='EMAHook', momentum=0.02, update_buffers=True),
]
