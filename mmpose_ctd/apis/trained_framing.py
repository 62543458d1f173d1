"""Whether a model sees faces as it did when it was trained."""

import logging

from mmengine.config import Config
from mmengine.logging import print_log

from mmpose_ctd.errors import InputError
from mmpose_ctd.framing import (
    FRAMING_KEY,
    check_framing,
    describe,
    differs,
    input_framing,
    is_framing,
    other_framing,
    refuse_variables,
)

from .trained_config import entry, trained_config

__all__ = [
    'config_framing',
    'refuse_framing_change',
    'refuse_mixed_framing',
    'trained_framing',
]

_LOADERS = ('test_dataloader', 'val_dataloader', 'train_dataloader')


def config_framing(cfg: Config) -> dict | None:
    """The framing in which a config's model is used.

    Args:
        cfg (Config): Its test pipeline counts, else that of the validation or
            the training.

    Returns:
        dict: See :func:`.input_framing`; ``None`` where no pipeline tells.
    """
    for loader in _LOADERS:
        found = input_framing(entry(cfg.get(loader), 'dataset'))
        if found is not None:
            return found
    return None


def trained_framing(content: dict) -> dict | None:
    """The framing that a checkpoint was trained for, as plain data.

    Checkpoints of earlier versions hold it only in the text of their config,
    which is parsed and never run.

    Args:
        content (dict): Of a checkpoint.
    """
    known = entry(content.get('meta'), 'dataset_meta')
    found = entry(known, FRAMING_KEY)
    if is_framing(found):
        return dict(found)
    return input_framing(
        entry(trained_config(content, 'test_dataloader'), 'dataset')
    )


def refuse_framing_change(path: str, content: dict, cfg: Config) -> None:
    """Refuse a config that frames faces otherwise than the training did.

    A network that learned faces in close-up, or at another size, gives wrong
    landmarks of other framings, and nothing in its weights says so.

    Args:
        path (str): Of the checkpoint, for the error.
        content (dict): Of the checkpoint.
        cfg (Config): Whose ``test_dataloader`` is to be used.

    Raises:
        InputError: If the framings differ. Where the checkpoint does not say,
            nothing is compared.
    """
    theirs, ours = trained_framing(content), config_framing(cfg)
    if theirs is None or ours is None or not differs(ours, theirs):
        return
    raise other_framing(path, ours, theirs)


def refuse_mixed_framing(cfg: Config) -> None:
    """Refuse to train on other framings than those of the test pipeline.

    Boxes (``crop``) are the data's and may differ from set to set, and
    another input size is refused by the estimator. Padding may make up for
    augmentation: another one is logged as a warning.

    Args:
        cfg (Config): Of a training.

    Raises:
        InputError: If one of the two pipelines cuts faces out and the other
            does not, or does it otherwise.
    """
    refuse_variables()
    check_framing(cfg)
    train = input_framing(entry(cfg.get('train_dataloader'), 'dataset'))
    used = config_framing(cfg)
    others = ('crop', 'padding', 'input_size')
    if train is None or used is None:
        return
    if not differs(train, used, others):
        if differs(train, used, ('crop', 'input_size')):
            print_log(
                'train_dataloader.dataset.pipeline shows the model '
                f'{describe(train)}; test_dataloader.dataset.pipeline '
                f'{describe(used)}. Unless augmentation makes up for it, set '
                'the same padding of GetBBoxCenterScale in both.',
                'current',
                logging.WARNING,
            )
        return
    raise InputError(
        where='train_dataloader.dataset.pipeline',
        found=f'it shows the model {describe(train)}',
        expected=f'{describe(used)}, as test_dataloader.dataset.pipeline',
        cure='Use the same FindFaceBox and use_udp in both.',
    )
