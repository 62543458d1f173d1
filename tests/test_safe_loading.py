"""After require_safe_loading() no checkpoint can run code.

In a process of its own: it changes the whole process.
"""

import json
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch
from torch.torch_version import TorchVersion
from toy_runner import SlopeError, numbers_loader, toy_runner

from mmpose_ctd.safe_loading import refusal_reason, require_safe_loading

# Pickles that run code


def get(module, name):
    return f'c{module}\n{name}\n'.encode()


def text(value):
    data = value.encode()
    return b'X' + len(data).to_bytes(4, 'little') + data


def getattr_of(owner, name):
    return get('builtins', 'getattr') + owner + text(name) + b'\x86R'


def exploits(root):
    """Pickles, each of which creates the file of its name in a folder."""

    def code(name):
        return text(f'__import__("os").system("touch {root}/{name}") or {{}}')

    # builtins.eval by nothing but getattr, which an allow-list may contain:
    # its __self__ is the module builtins.
    evaluate = getattr_of(
        getattr_of(get('builtins', 'getattr'), '__self__'), 'eval'
    )
    history = get('mmengine.logging.history_buffer', 'HistoryBuffer')
    empty = history + b')\x81'
    min_of = getattr_of(history, 'min')
    return {
        name: b'\x80\x02' + body + b'.'
        for name, body in {
            'system': get('os', 'system')
            + text(f'touch {root}/system')
            + b'\x85R',
            'eval': get('builtins', 'eval') + code('eval') + b'\x85R',
            'getattr': evaluate + code('getattr') + b'\x85R',
            # Nothing is called but an allowed object's own __setstate__, as
            # which the file has given it eval.
            'setstate': empty
            + (b'}' + text('__setstate__') + evaluate + b'sb')
            + (code('setstate') + b'b'),
            # By a statistic, which getattr is allowed to get.
            'statistic': getattr_of(
                getattr_of(min_of, '__globals__'), '__class__'
            )
            + (b'0' + evaluate + code('statistic') + b'\x85R'),
        }.items()
    }


def rewrite(source, target, change):
    """Copy a checkpoint with its pickle changed."""
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(target, 'w') as archive:
        for name, part in parts.items():
            is_pickle = name.endswith('data.pkl')
            archive.writestr(name, change(part) if is_pickle else part)


@pytest.mark.parametrize('name', exploits(''))
def test_the_exploits_are_real(tmp_path, name):
    # What torch.load() does without weights_only.
    pickle.loads(exploits(tmp_path)[name])
    assert (tmp_path / name).exists()


# What a process with safe loading makes of them

LOAD = """
import json, sys
from pathlib import Path
import torch
from mmengine.runner import checkpoint, load_checkpoint
from mmpose_ctd.safe_loading import require_safe_loading
from toy_runner import Slope, SlopeError, numbers_loader, toy_runner

require_safe_loading()
root = Path(sys.argv[1])
loaders = {
    'torch': torch.load,
    'unsafe torch': lambda file: torch.load(file, weights_only=False),
    'mmengine': lambda file: load_checkpoint(Slope(), file, strict=False),
}
result = dict(refused={}, loaded={})
for file in root.glob('bad/*.pth'):
    for by, load in loaders.items():
        try:
            load(str(file))
        except Exception as error:
            answer = type(error).__name__
        else:
            answer = 'loaded'
        result['refused'][f'{file.stem} by {by}'] = answer
for file in root.glob('good/*.pth'):
    for by, load in loaders.items():
        content = load(str(file))
        meta, hub = content['meta'], content['message_hub']
        result['loaded'][f'{file.stem} by {by}'] = dict(
            slope=content['state_dict']['slope'].item(),
            sigmas=meta['dataset_meta']['sigmas'].tolist(),
            colors=meta['dataset_meta']['colors'].tolist(),
            losses=hub['log_scalars']['train/loss'].data[0].tolist(),
            mean=float(hub['log_scalars']['train/loss'].mean()),
            best=float(hub['runtime_info']['best_score']),
        )
allowed = getattr(checkpoint, 'get_torch_safe_globals', list)()
result['getattr'] = getattr in allowed
runner = toy_runner(root / 'good', 4, resume=True)
runner.train()
result['resumed'] = runner.iter
print(json.dumps(result))
"""


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Two checkpoints of mmengine's Runner, and bad ones."""
    root = tmp_path_factory.mktemp('checkpoints')
    best = dict(save_best='toy/error', rule='less')
    hook = dict(type='CheckpointHook', by_epoch=False, interval=2, **best)
    toy_runner(
        root / 'good',
        train_dataloader=numbers_loader(
            sigmas=np.array([0.5, 0.25], np.float32),
            colors=np.array([[1, 2, 3]], np.uint8),
        ),
        val_dataloader=numbers_loader(),
        val_cfg=dict(),
        val_evaluator=dict(type=SlopeError),
        default_hooks=dict(checkpoint=hook),
    ).train()
    saved = root / 'good' / 'iter_2.pth'
    rewrite(
        saved,
        root / 'good' / 'numpy_1.pth',
        lambda part: part.replace(b'cnumpy._core.', b'cnumpy.core.'),
    )
    (root / 'bad').mkdir()
    for name, pickled in exploits(root).items():
        rewrite(saved, root / 'bad' / f'{name}.pth', lambda _, p=pickled: p)
    return root


@pytest.fixture(scope='module')
def answers(root):
    tests = os.path.dirname(__file__)
    helpers = os.path.join(tests, 'helpers')
    done = subprocess.run(
        [sys.executable, '-c', LOAD, str(root)],
        env={
            **os.environ,
            'PYTHONPATH': os.pathsep.join((helpers, os.path.dirname(tests))),
            # What a user may have set does not loosen it.
            'TORCH_FORCE_WEIGHTS_ONLY_LOAD': '0',
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_what_runs_code_is_refused_by_every_loader(root, answers):
    # mmengine's own loading runs them: its fallback the first ones, and its
    # allow-list, which has getattr in it, 'setstate'.
    assert len(answers['refused']) == 3 * len(exploits(root))
    for name, refused in answers['refused'].items():
        ours = name.endswith('by mmengine')
        assert refused == ('InputError' if ours else 'UnpicklingError')
    # Whose getattr torch takes, theirs or ours, would be chance.
    assert not answers['getattr']
    for name in exploits(root):
        assert not (root / name).exists()


@pytest.mark.slow
@pytest.mark.parametrize('by', ['torch', 'unsafe torch', 'mmengine'])
@pytest.mark.parametrize('file', ['iter_2', 'numpy_1'])
def test_a_checkpoint_of_the_runner_loads(root, answers, file, by):
    found = answers['loaded'][f'{file} by {by}']
    plain = torch.load(root / 'good' / 'iter_2.pth', weights_only=False)
    losses = plain['message_hub']['log_scalars']['train/loss']
    # Two steps of gradient descent on (0.5 w - 1)^2, of 0.1 each.
    assert found['slope'] == pytest.approx(2 - 2 * 0.95**2)
    assert found['losses'] == pytest.approx([1, 0.95**2])
    assert found['losses'] == losses.data[0].tolist()
    assert found['mean'] == pytest.approx(losses.mean())
    assert found['sigmas'] == [0.5, 0.25]
    assert found['colors'] == [[1, 2, 3]]
    assert found['best'] == plain['message_hub']['runtime_info']['best_score']


@pytest.mark.slow
def test_a_run_is_resumed(answers):
    assert answers['resumed'] == 4


def test_an_old_torch_refuses_and_says_so(monkeypatch, caplog):
    monkeypatch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '0')
    monkeypatch.setattr(torch, '__version__', TorchVersion('2.1.2'))
    monkeypatch.delattr(torch.serialization, 'add_safe_globals', raising=False)
    require_safe_loading()
    assert os.environ['TORCH_FORCE_WEIGHTS_ONLY_LOAD'] == '1'
    assert len(caplog.records) == 1
    assert 'torch 2.1.2' in caplog.text and 'torch >= 2.6' in caplog.text


def test_who_trusts_every_file_can_say_so(monkeypatch, caplog):
    monkeypatch.setenv('CTD_TRUST_CHECKPOINTS', '1')
    monkeypatch.delenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', raising=False)
    require_safe_loading()
    assert 'TORCH_FORCE_WEIGHTS_ONLY_LOAD' not in os.environ
    assert 'may run code' in caplog.text


class Payload:
    def __reduce__(self):
        return os.system, ('false',)


def test_a_refusal_names_what_the_file_asks_for_and_no_unsafe_way(tmp_path):
    torch.save(dict(a=Payload()), tmp_path / 'evil.pth')
    with pytest.raises(pickle.UnpicklingError) as error:
        torch.load(tmp_path / 'evil.pth', weights_only=True)
    reason = refusal_reason(error.value)
    assert reason.startswith('it asks for ') and reason.endswith('.system')
