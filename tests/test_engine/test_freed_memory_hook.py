"""FreedMemoryHook: the same run, with memory that is kept."""

import ctypes
import json
import subprocess
import sys
import textwrap

import pytest
import torch
from toy_models import ED, model_config, runner_config, teacher_file

from mmpose_ctd.engine import freed_memory
from mmpose_ctd.engine.freed_memory import keep_freed_memory

GLIBC = sys.platform.startswith('linux') and hasattr(
    ctypes.CDLL(None), 'gnu_get_libc_version'
)
needs_glibc = pytest.mark.skipif(not GLIBC, reason='the C library is another')


@needs_glibc
def test_a_step_like_the_last_one_touches_no_new_pages():
    """In a process of its own, as the setting cannot be taken back."""
    code = """
    import json, resource, sys, torch
    from mmpose_ctd.engine.freed_memory import keep_freed_memory

    torch.set_num_threads(1)
    kept = sys.argv[1] == 'keep' and keep_freed_memory()

    def faults():
        begin = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(5):
            big = torch.ones(64, 2**18)
            del big
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - begin

    faults()
    print(json.dumps([kept, faults()]))
    """

    def run(how):
        done = subprocess.run(
            [sys.executable, '-c', textwrap.dedent(code), how],
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout.splitlines()[-1])

    kept, faults = run('keep')
    assert kept is True
    not_kept, more = run('leave')
    assert not_kept is False
    # 5 x 64 MiB in pages of 4 KiB, or of 2 MiB.
    assert faults < 20 < more


@pytest.mark.parametrize('where', ['win32', 'darwin'])
def test_elsewhere_nothing_happens(monkeypatch, where):
    monkeypatch.setattr(freed_memory.sys, 'platform', where)
    monkeypatch.setattr(freed_memory.ctypes, 'CDLL', None)
    assert keep_freed_memory() is False


def test_the_run_is_the_same_bit_by_bit(tmp_path):
    from mmengine.runner import Runner

    checkpoint = teacher_file(tmp_path / 'teacher.pth')
    states = []
    for name, hooks in (('with', ['FreedMemoryHook']), ('without', [])):
        cfg = runner_config(
            tmp_path / name,
            model_config(checkpoint, regularizers=ED),
            custom_hooks=[dict(type=hook) for hook in hooks],
        )
        runner = Runner.from_cfg(cfg)
        runner.train()
        states.append(runner.model.state_dict())
    assert list(states[0]) == list(states[1])
    for key, value in states[0].items():
        assert torch.equal(value, states[1][key]), key


def test_it_is_a_default_of_our_configs(repo_root):
    from mmengine.config import Config

    cfg = Config.fromfile(str(repo_root / 'configs/frl_faces/ft_sface.py'))
    assert dict(type='FreedMemoryHook') in cfg.custom_hooks
