"""How large the checkpoint of a run is, optimiser apart."""

import os
from collections.abc import Mapping
from tempfile import TemporaryDirectory

import torch
from mmengine.config import Config

from mmpose_ctd.checkpoint_file import read_checkpoint

from .step_time import TrainingSteps

__all__ = ['checkpoint_sizes']


def checkpoint_sizes(configs: Mapping[str, Config]) -> dict[str, dict]:
    """Write the checkpoint of each config as its Runner does.

    Args:
        configs (Mapping[str, Config]): Name -> config.

    Returns:
        dict: Name -> ``file``, bytes of the Runner's whole file without
        optimiser and schedule, and ``weights``, bytes of its ``state_dict``
        written alone: the file also holds the text of the config, whose
        length has nothing to do with the model.
    """
    sizes = {}
    with TemporaryDirectory() as folder:
        for i, (name, cfg) in enumerate(configs.items()):
            runner = TrainingSteps(cfg, f'{folder}/{i}', ()).runner
            runner.save_checkpoint(
                folder,
                'all.pth',
                save_optimizer=False,
                by_epoch=False,
                save_param_scheduler=False,
            )
            whole = f'{folder}/all.pth'
            content = read_checkpoint(whole, name, 'Look at its hooks')
            torch.save(content['state_dict'], f'{folder}/weights.pth')
            sizes[name] = dict(
                file=os.path.getsize(whole),
                weights=os.path.getsize(f'{folder}/weights.pth'),
            )
    return sizes
