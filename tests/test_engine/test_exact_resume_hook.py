"""The weights of a training, however it is interrupted and loaded."""

import copy
import itertools
import random

import numpy as np
import pytest
import torch
from landmark_set import NAMES, landmark_content, write_landmark_set
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import MODELS
from torch import nn
from toy_models import (
    CODEC,
    SIZE,
    ToyEncoder,
    model_config,
    runner_config,
    teacher_file,
)
from two_processes import in_two_processes

from mmpose_ctd.engine.seeded_draws import SeededBatches, SeededItems
from mmpose_ctd.safe_loading import require_safe_loading

AUGMENTED = [
    dict(type='LoadLandmarkImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotometricDistortion'),
    dict(
        type='RandomBBoxTransform',
        shift_factor=0.1,
        scale_factor=(0.8, 1.2),
        rotate_factor=15.0,
    ),
    dict(type='TopdownAffine', input_size=(SIZE, SIZE), use_udp=True),
    dict(type='RandomThinPlateWarp'),
    dict(type='GenerateTarget', encoder=CODEC),
    dict(type='PackLandmarkInputs'),
]
PLAIN = [
    s for s in AUGMENTED if not s['type'].startswith(('Random', 'Photometric'))
]
TERMS = dict(
    ed=dict(type='EncoderDistillLoss', loss_weight=10.0),
    hint=dict(type='HintLoss', connector=dict(in_channels=8, out_channels=8)),
)
HOOKS = [
    dict(type='ExactResumeHook'),
    dict(type='RegularizerStateHook'),
    dict(type='PrivacyHook'),
    dict(type='EMAHook', momentum=0.2, update_buffers=True),
    dict(
        type='RegularizerScheduleHook',
        schedules=dict(ed=dict(type='linear', end=5)),
        by_epoch=False,
    ),
]
STEPS = 5
numbers = itertools.count()


@MODELS.register_module()
class ToyDropoutEncoder(ToyEncoder):
    """Draws random numbers at every step."""

    def forward(self, x):
        maps = super().forward(x)
        return tuple(
            nn.functional.dropout(m, 0.3, self.training) for m in maps
        )


@pytest.fixture(autouse=True)
def as_the_tools_load(monkeypatch):
    """Checkpoints are read without running anything of them."""
    require_safe_loading()
    # Formatting a config takes longer than the training.
    text = property(lambda _: 'unused = 0\n')
    monkeypatch.setattr(Config, 'pretty_text', text)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Four people's images, two each, and five without labels."""
    root = tmp_path_factory.mktemp('set')
    content = landmark_content(10)
    write_landmark_set(
        root,
        content,
        dict(train=[f'subject{i}' for i in range(3)], test=['subject4']),
    )
    more = [
        dict(image, id=200 + i, file_name=f'smile_{i}.png')
        for i, image in enumerate(content['images'][:5])
    ]
    write_landmark_set(
        root, dict(images=more), ann_file='annotations/unlabelled.json'
    )
    teacher_file(root / 'teacher.pth')
    return root


def data(root, split, pipeline, **changes):
    return dict(
        type='CIFASDDataset',
        ann_file='annotations/landmarks.json',
        data_root=str(root),
        split=f'splits/{split}.txt',
        pipeline=copy.deepcopy(pipeline),
        # Collecting garbage takes longer than the training.
        serialize_data=False,
        **changes,
    )


def by_steps(root, **loader):
    """A loop of steps, its samples without end."""
    return dict(
        train_cfg=dict(by_epoch=False, max_iters=STEPS, val_interval=3),
        train_dataloader=dict(
            batch_size=4,
            num_workers=0,
            sampler=dict(type='InfiniteSampler', shuffle=True),
            dataset=data(root, 'train', AUGMENTED),
        )
        | loader,
    )


def with_unlabelled(root, **loader):
    config = by_steps(root, **loader)
    config['train_dataloader'].update(
        batch_sampler=dict(type='PartlyLabelledBatchSampler', unlabelled=2)
    )
    config['train_dataloader']['dataset'].update(
        type='PartlyLabelledDataset',
        unlabelled=dict(
            ann_file='annotations/unlabelled.json',
            exclude=['splits/test.txt'],
        ),
    )
    return config


def by_steps_with_an_end(root, **loader):
    """A loop of steps through rounds of two batches, the second short."""
    return by_steps(
        root, sampler=dict(type='DefaultSampler', shuffle=True), **loader
    )


def by_epochs(root, **loader):
    config = by_steps_with_an_end(root, **loader)
    config['train_cfg'] = dict(by_epoch=True, max_epochs=3)
    return config


LOOPS = [by_steps, with_unlabelled, by_steps_with_an_end, by_epochs]


def runner_of(root, work_dir, loop, every=1, seed=0, **changes):
    """A Runner of a loop that keeps the checkpoint of every so many steps."""
    model = model_config(
        str(root / 'teacher.pth'),
        backbone=dict(type='ToyDropoutEncoder'),
        regularizers=TERMS,
    )
    model['head']['out_channels'] = len(NAMES)
    test = dict(
        batch_size=2,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=data(root, 'test', PLAIN, test_mode=True),
    )
    settings = dict(
        val_dataloader=test,
        test_dataloader=test,
        custom_hooks=copy.deepcopy(HOOKS),
        default_hooks=dict(
            checkpoint=dict(
                type='CheckpointHook', by_epoch=False, interval=every
            ),
        ),
        param_scheduler=[
            dict(type='PolyLR', power=0.9, end=STEPS, by_epoch=False)
        ],
        randomness=dict(seed=seed),
    )
    config = runner_config(work_dir, model, **(settings | loop | changes))
    # Runs of one name share their message hub within a process.
    config.experiment_name = f'exact_{next(numbers)}'
    return Runner.from_cfg(config)


def train(*args, **changes):
    runner = runner_of(*args, **changes)
    runner.train()
    return learned(runner)


def learned(runner):
    """Weights, averaged ones, and what regularisers learn."""
    (average,) = (h for h in runner.hooks if type(h).__name__ == 'EMAHook')
    model = getattr(runner.model, 'module', runner.model)
    states = [
        model.state_dict(),
        average.ema_model.state_dict(),
        model.regularizers.training_state(),
    ]
    return [{k: v.clone() for k, v in state.items()} for state in states]


def assert_equal(ours, theirs):
    """Bit by bit."""
    for one, other in zip(ours, theirs, strict=True):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[k], other[k]) for k in one)


def differ(ours, theirs):
    key = 'head.final_layer.weight'
    return not torch.equal(ours[0][key], theirs[0][key])


class Interrupted(Exception):
    pass


class Interrupt(Hook):
    """Ends the run behind the next checkpoint."""

    priority = 'LOWEST'

    def after_train_iter(self, runner, *_, **__):
        if runner.iter + 1 < STEPS:
            raise Interrupted


def interrupted_at_every_save(root, work_dir, loop, **changes):
    """Each step by a Runner of its own."""
    for attempt in range(STEPS + 2):
        runner = runner_of(root, work_dir, loop, resume=attempt > 0, **changes)
        runner.register_hook(Interrupt())
        try:
            runner.train()
        except Interrupted:
            continue
        assert attempt == STEPS - 1
        return learned(runner)
    raise AssertionError('it never ends')


@pytest.mark.parametrize('make', LOOPS)
def test_interruptions_do_not_change_the_weights(make, root, tmp_path):
    whole = train(root, tmp_path / 'whole', make(root))
    parts = interrupted_at_every_save(root, tmp_path / 'parts', make(root))
    assert_equal(parts, whole)


def test_the_interrupted_run_is_one_of_many(root, tmp_path):
    """What the other tests compare does differ where something is amiss."""
    make = by_epochs
    first = train(root, tmp_path / 'first', make(root))
    second = train(root, tmp_path / 'second', make(root), seed=1)
    hooks = [h for h in HOOKS if h['type'] != 'ExactResumeHook']
    third = train(root, tmp_path / 'third', make(root), custom_hooks=hooks)
    assert differ(first, second) and differ(first, third)
    # A checkpoint without the hook's part is resumed, though not exactly.
    old = str(tmp_path / 'third' / 'iter_2.pth')
    resumed = train(
        root, tmp_path / 'new', make(root), load_from=old, resume=True
    )
    assert differ(third, resumed)


@pytest.mark.parametrize(
    ('make', 'workers'),
    [
        (with_unlabelled, dict(num_workers=2, persistent_workers=True)),
        (by_epochs, dict(num_workers=1)),
    ],
)
def test_loader_workers_do_not_change_the_weights(
    make, workers, root, tmp_path
):
    alone = train(root, tmp_path / 'alone', make(root))
    loop = make(root, **workers)
    assert_equal(train(root, tmp_path / 'with', loop), alone)
    # What went on without workers is resumed with them.
    resumed = train(
        root,
        tmp_path / 'resumed',
        loop,
        load_from=str(tmp_path / 'alone' / 'iter_3.pth'),
        resume=True,
    )
    assert_equal(resumed, alone)


def test_gathered_gradients_are_not_lost(root, tmp_path):
    gather = dict(
        optim_wrapper=dict(
            type='OptimWrapper',
            optimizer=dict(type='Adam', lr=1e-2),
            accumulative_counts=3,
        )
    )
    # And a seed that the Runner chose is kept.
    whole = train(
        root, tmp_path / 'whole', by_steps(root), seed=None, **gather
    )
    resumed = train(
        root,
        tmp_path / 'resumed',
        by_steps(root),
        seed=None,
        load_from=str(tmp_path / 'whole' / 'iter_2.pth'),
        resume=True,
        **gather,
    )
    assert_equal(resumed, whole)


def both_ways(rank, root, work_dir):
    """An uninterrupted run, and one that is resumed, in two processes."""
    require_safe_loading()
    init_default_scope('mmpose')
    settings = dict(
        launcher='pytorch',
        model_wrapper_cfg=dict(device_ids=None, broadcast_buffers=False),
    )
    whole = train(root, work_dir / 'whole', by_steps(root), **settings)
    resumed = train(
        root,
        work_dir / 'resumed',
        by_steps(root),
        load_from=str(work_dir / 'whole' / 'iter_3.pth'),
        resume=True,
        **settings,
    )
    return whole, resumed


def test_two_processes_resume_exactly(root, tmp_path):
    for whole, resumed in in_two_processes(both_ways, (root, tmp_path)):
        assert_equal(resumed[:1], whole[:1])
        assert_equal(resumed[2:], whole[2:])


class Draws(torch.utils.data.Dataset):
    """What a sample draws from every generator."""

    def __len__(self):
        return 5

    def __getitem__(self, i):
        return i, random.random(), np.random.random(), float(torch.rand(()))


def drawn(batches, skip=0, seed=0):
    seeded, items = SeededBatches(batches, seed), SeededItems(Draws())
    seeded.skip = skip
    return [items(batch) for batch in seeded]


def test_draws_differ_by_seed_batch_sample_and_repetition():
    batches = [[0, 1, 1], [0, 1, 4]]
    rounds = SeededBatches(batches, 0)
    items = SeededItems(Draws())
    found = [items(b) for b in [*rounds, *rounds]] + drawn(batches, seed=1)
    values = [draw for batch in found for item in batch for draw in item[1:]]
    assert len(values) == len(set(values)) == 6 * 3 * 3
    # The other half of a batch, in another process, has no influence.
    assert drawn([[1], [4, 1]])[0] == found[0][1:2]
