"""What tools/train.py asks of the wrapper on CPUs."""

import pytest
import torch
from mmengine.config import Config

from mmpose_ctd.apis.command_line import distribute_over_cpus


@pytest.fixture
def group(monkeypatch):
    monkeypatch.setenv('RANK', '0')
    monkeypatch.setattr(torch.distributed, 'is_initialized', lambda: True)


@pytest.mark.parametrize('wanted', [True, False, None])
def test_find_unused_parameters_of_the_config_counts(wanted, group):
    cfg = Config({} if wanted is None else dict(find_unused_parameters=wanted))
    distribute_over_cpus(cfg)
    assert cfg.model_wrapper_cfg.find_unused_parameters is bool(wanted)
    assert cfg.model_wrapper_cfg.device_ids is None


def test_a_wrapper_of_the_config_keeps_its_settings(group):
    cfg = Config(dict(model_wrapper_cfg=dict(broadcast_buffers=True)))
    distribute_over_cpus(cfg)
    assert cfg.model_wrapper_cfg.broadcast_buffers is True
    assert cfg.model_wrapper_cfg.find_unused_parameters is False
