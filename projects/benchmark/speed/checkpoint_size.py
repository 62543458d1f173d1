"""How large the weights in the checkpoint of a run are."""

import os
from collections.abc import Mapping
from tempfile import TemporaryDirectory

import torch
from mmengine.config import Config

from mmpose_ctd.checkpoint_file import read_checkpoint

from .training_steps import TrainingSteps

__all__ = ['checkpoint_sizes']


def checkpoint_sizes(configs: Mapping[str, Config]) -> dict[str, list[int]]:
    """Write the checkpoint of each config as its Runner does.

    Returns:
        dict: Name -> bytes of its ``state_dict`` written alone, in a list:
        the Runner's file also holds the text of the config.
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
            content = read_checkpoint(
                f'{folder}/all.pth', name, 'Look at its hooks'
            )
            weights = f'{folder}/weights.pth'
            torch.save(content['state_dict'], weights)
            sizes[name] = [os.path.getsize(weights)]
    return sizes
