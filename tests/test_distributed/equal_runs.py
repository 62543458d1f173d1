"""Toy systems to train in one process and in two, same global batch.

Both train on images 0 to 3, then 4 to 7, and again: one process in batches
of 4, two in batches of 2 each.
"""

import copy

import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from toy_models import CD, ED, PIPELINE, model_config, runner_config

from mmpose_ctd.apis.command_line import distribute_over_cpus

EPOCHS = 3
# BatchNorms in inference mode, their slopes and offsets kept.
STILL = ['backbone.stages.*.1']
HINT = dict(
    hint=dict(
        type='HintLoss',
        loss_weight=1.0,
        connector=dict(in_channels=8, out_channels=8),
    )
)
MIDWAY = dict(type='stop', end=1)


def schedule(name):
    return [
        dict(
            type='RegularizerScheduleHook',
            by_epoch=True,
            schedules={name: MIDWAY},
        )
    ]


# Changes of the model, and hooks.
SYSTEMS = {
    'FT': (dict(), ()),
    'ED': (dict(regularizers=ED), ()),
    'CD': (dict(regularizers=CD), ()),
    'Com': (dict(regularizers=ED | CD), ()),
    'connector': (dict(regularizers=HINT), ()),
    'FE': (dict(frozen=['backbone']), ()),
    'ED until epoch 1': (dict(regularizers=ED), schedule('ed')),
    'connector until epoch 1': (dict(regularizers=HINT), schedule('hint')),
    # Per-process statistics: the exception.
    'BatchNorm': (dict(frozen=()), ()),
}


def config_of(name, work_dir, teacher, batch_size, **changes):
    model, hooks = SYSTEMS[name]
    model = dict(frozen=STILL) | copy.deepcopy(model)
    loader = dict(
        batch_size=batch_size,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(type='ToyFaces', pipeline=PIPELINE),
    )
    return runner_config(
        work_dir,
        model_config(teacher, **model),
        epochs=EPOCHS,
        train_dataloader=loader,
        val_dataloader=None,
        val_evaluator=None,
        val_cfg=None,
        custom_hooks=[*hooks, dict(type='RegularizerStateHook')],
        **changes,
    )


def train(config, distributed=False):
    """Train; what has been learned, and the loss that each step logged."""
    init_default_scope('mmpose')
    if distributed:
        config.launcher = 'pytorch'
        # As tools/train.py asks for it; the group is there.
        distribute_over_cpus(config)
    runner = Runner.from_cfg(config)
    runner.train()
    model = getattr(runner.model, 'module', runner.model)
    history, _ = runner.message_hub.get_scalar('train/loss').data
    return dict(
        learned={n: p.detach().clone() for n, p in model.named_parameters()},
        losses=torch.tensor(history),
        rates=runner.message_hub.get_scalar('train/lr').data[0],
        unused=getattr(runner.model, 'find_unused_parameters', None),
    )


def evaluate(work_dir, teacher, round_up, distributed=False):
    """Metrics of 7 images in batches of 2: the last batch is a short one."""
    init_default_scope('mmpose')
    config = config_of('FT', work_dir, teacher, 2)
    loader = copy.deepcopy(config.test_dataloader)
    loader.batch_size = 2
    loader.dataset.length = 7
    loader.sampler = dict(
        type='DefaultSampler', shuffle=False, round_up=round_up
    )
    config.test_dataloader = loader
    # A bootstrap sees who belongs to whom, and in which order.
    config.test_evaluator = dict(
        type='LandmarkErrorMetric', num_bootstrap=50, unit='image'
    )
    if distributed:
        config.launcher = 'pytorch'
        distribute_over_cpus(config)
    runner = Runner.from_cfg(config)
    scalars = runner.test()
    return dict(
        scalars=dict(scalars),
        report=runner.test_evaluator.metrics[0].report,
    )


def scaled(work_dir, teacher, batch_size, distributed=False):
    """FT with a learning rate meant for batches of 2, scaled."""
    scale = dict(enable=True, base_batch_size=2)
    config = config_of(
        'FT', work_dir, teacher, batch_size, auto_scale_lr=scale
    )
    return train(config, distributed)


def everything(rank, work_dir, teacher):
    """All that the tests compare, in this process of two."""
    return dict(
        trained={
            name: train(
                config_of(name, f'{work_dir}/{name} {rank}', teacher, 2), True
            )
            for name in SYSTEMS
        },
        evaluated={
            round_up: evaluate(
                f'{work_dir}/test {rank} {round_up}', teacher, round_up, True
            )
            for round_up in (True, False)
        },
        scaled=scaled(f'{work_dir}/scaled {rank}', teacher, 2, True),
    )
