"""On whom a checkpoint was trained, by its own account."""

import os.path as osp

from mmengine.config import Config

from mmpose_ctd.errors import InputError
from mmpose_ctd.privacy import HIDDEN

from .trained_config import entry, trained_config

__all__ = ['check_same_split', 'trained_split']


def trained_split(content: dict) -> str | None:
    """The training split that a checkpoint's config names.

    Args:
        content (dict): Of a checkpoint.

    Returns:
        str: ``train_dataloader.dataset.split``, absolute paths shortened;
        ``None`` where the checkpoint does not tell, or there was no split.
    """
    dataset = entry(trained_config(content, 'train_dataloader'), 'dataset')
    split = entry(dataset, 'split')
    return split if isinstance(split, str) else None


def check_same_split(path: str, trained: str | None, cfg: Config) -> None:
    """Refuse a config that names other training subjects than trained.

    Args:
        path (str): Of the checkpoint, for the error.
        trained (str, optional): Of :func:`trained_split`.
        cfg (Config): What is to say who trained.

    Raises:
        InputError: Names both splits.
    """
    given = cfg.train_dataloader.dataset.get('split')
    if trained is None or _alike(trained, given):
        return
    raise InputError(
        f'checkpoint: {path!r} was trained with train_dataloader.dataset.'
        f'split={trained!r}, the config says {given!r}. Whoever trained must '
        'not calibrate. Give the config of the training, or --cfg-options '
        f'train_dataloader.dataset.split={trained}'
    )


def _alike(trained: str, given: str | None) -> bool:
    if given is None:
        return False
    if trained.startswith(HIDDEN) or osp.isabs(trained) or osp.isabs(given):
        # Of an absolute path the checkpoint keeps its end.
        return osp.basename(trained) == osp.basename(given)
    return osp.normpath(trained) == osp.normpath(given)
