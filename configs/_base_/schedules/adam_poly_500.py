# 500 steps of Adam with polynomial decay. The numbers are this project's, by
# experiment; the paper names Adam and the decay only.
max_iters = 500

train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=250
)
val_cfg = dict()
test_cfg = dict()

optim_wrapper = dict(
    # bfloat16 where the machine is good at it; dtype='float32' switches it
    # off. Exists since mmengine's AmpOptimWrapper refuses a CPU.
    type='AutocastOptimWrapper',
    dtype='auto',
    optimizer=dict(type='Adam', lr=5e-4),
)
param_scheduler = [
    dict(
        type='PolyLR',
        power=0.9,
        eta_min=0.0,
        begin=0,
        end=max_iters,
        by_epoch=False,
    ),
]
auto_scale_lr = dict(base_batch_size=8)
