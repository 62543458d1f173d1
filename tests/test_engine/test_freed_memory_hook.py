"""FreedMemoryHook: memory of one step is kept for the next."""

import pytest
from toy_runner import toy_runner

from mmpose_ctd.engine.hooks import freed_memory_hook


@pytest.mark.parametrize(('device', 'calls'), [('cpu', 1), ('cuda', 0)])
def test_a_training_on_a_cpu_keeps_memory(
    tmp_path, monkeypatch, device, calls
):
    made = []
    monkeypatch.setattr(freed_memory_hook, 'get_device', lambda: device)
    monkeypatch.setattr(
        freed_memory_hook, 'keep_freed_memory', lambda: made.append(1) or True
    )
    toy_runner(tmp_path, custom_hooks=[dict(type='FreedMemoryHook')]).train()
    assert len(made) == calls
