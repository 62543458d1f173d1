"""PrivacyHook in real training runs."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from toy_runner import SlopeError, numbers_loader, toy_runner

import mmpose_ctd.engine  # noqa: F401

HOOK = dict(type='PrivacyHook')


def train(work_dir, hooks, iters=2, **options):
    source = f'{work_dir}/miller/a.json'
    runner = toy_runner(
        work_dir,
        iters,
        train_dataloader=numbers_loader(sigmas=np.ones(2), source=source),
        val_dataloader=numbers_loader(),
        val_cfg=dict(),
        val_evaluator=dict(type=SlopeError),
        default_hooks=dict(
            checkpoint=dict(
                type='CheckpointHook',
                by_epoch=False,
                interval=1,
                save_best='toy/error',
                rule='less',
            )
        ),
        custom_hooks=hooks,
        cfg=Config(
            dict(
                data_root=f'{work_dir}/Anna Miller/faces/',
                load_from=f'{work_dir}/miller/x.pth',
                experiment=dict(lr=0.1, notes=['mm/px', f'{work_dir}/b']),
            )
        ),
        **options,
    )
    runner.train()
    return runner


def non_tensor_part(checkpoint):
    """The pickle of a checkpoint, where its strings are plain to see."""
    with zipfile.ZipFile(checkpoint) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith('data.pkl')]
        return archive.read(name)


def load(checkpoint):
    return torch.load(checkpoint, weights_only=False)


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp('runs')
    return {
        'with': train(root / 'with', [HOOK]),
        'without': train(root / 'without', []),
    }


@pytest.mark.parametrize('name', ['iter_2.pth', 'best_toy_error_iter_2.pth'])
def test_a_checkpoint_has_no_absolute_path(runs, name):
    for kind, expected in (('with', False), ('without', True)):
        work_dir = runs[kind].work_dir
        content = non_tensor_part(Path(work_dir, name))
        assert (work_dir.encode() in content) == expected
        assert (b'miller' in content) == expected
        assert (b'Anna' in content) == expected


def test_everything_else_in_the_checkpoint_stays(runs):
    ours, plain = (
        load(Path(runs[kind].work_dir, 'iter_2.pth'))
        for kind in ('with', 'without')
    )
    assert ours.keys() == plain.keys()
    assert ours['meta'].keys() == plain['meta'].keys()
    assert ours['meta']['iter'] == 2
    assert "load_from = '<...>/x.pth'" in ours['meta']['cfg']
    assert 'mm/px' in ours['meta']['cfg']
    assert ours['meta']['dataset_meta']['source'] == '<...>/a.json'
    np.testing.assert_array_equal(
        ours['meta']['dataset_meta']['sigmas'], np.ones(2)
    )
    torch.testing.assert_close(ours['state_dict'], plain['state_dict'])
    assert ours['optimizer'] == plain['optimizer']
    runner = runs['with']
    path = runner.message_hub.get_info('last_ckpt')
    assert path == str(Path(runner.work_dir, 'iter_2.pth'))
    assert 'Anna Miller' in runner.cfg.data_root


def test_a_resumed_run_replaces_its_best_checkpoint(tmp_path):
    train(tmp_path, [HOOK])
    assert [p.name for p in tmp_path.glob('best_*')] == [
        'best_toy_error_iter_2.pth'
    ]
    train(tmp_path, [HOOK], iters=4, resume=True)
    assert [p.name for p in tmp_path.glob('best_*')] == [
        'best_toy_error_iter_4.pth'
    ]
    assert load(tmp_path / 'iter_4.pth')['meta']['iter'] == 4
