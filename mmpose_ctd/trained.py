"""What a checkpoint says about its training, and whether a config agrees.

mmengine stores the config of a training in the checkpoint as the text of a
Python file. It is parsed here, never run.
"""

import ast
import logging
import os.path as osp
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from torch import nn

from mmpose_ctd.checkpoint_file import read_checkpoint
from mmpose_ctd.config_values import entry
from mmpose_ctd.errors import InputError
from mmpose_ctd.framing import check_framing, refuse_variables
from mmpose_ctd.input_framing import (
    FRAMING_KEY,
    describe,
    differs,
    input_framing,
    is_framing,
    other_framing,
)
from mmpose_ctd.models.teachers.checkpoint import load_strictly
from mmpose_ctd.privacy import HIDDEN

# ------------------------------------------------------------ its config


def trained_config(content: dict, name: str) -> Any:
    """A top-level value of the config that a checkpoint was trained with.

    Dicts, lists and constants; None in place of anything else.
    """
    text = entry(content.get('meta'), 'cfg')
    try:
        tree = ast.parse(text if isinstance(text, str) else '')
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for line in tree.body:
        if (
            isinstance(line, ast.Assign)
            and isinstance(line.targets[0], ast.Name)
            and line.targets[0].id == name
        ):
            return _value(line.value)
    return None


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        # dict(key=...) is how mmengine writes most of it.
        return {k.arg: _value(k.value) for k in node.keywords if k.arg}
    if isinstance(node, ast.Dict):
        return {
            key.value: _value(value)
            for key, value in zip(node.keys, node.values)
            if isinstance(key, ast.Constant)
        }
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(item) for item in node.elts]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


# -------------------------------------------------- weights and landmarks


def load_trained(model: nn.Module, path: str, cure: str) -> dict:
    """Fill a model with a checkpoint's weights, all of them.

    mmengine loads what fits and leaves the rest random. No code of the file
    is run; ``cure`` is what the user can do if it does not fit, a sentence.
    Returns the content of the file.

    Raises:
        InputError: Lists what does not fit.
    """
    content = read_checkpoint(path, 'checkpoint', cure.rstrip('.'))
    state = entry(content, 'state_dict')
    if not isinstance(state, dict):
        raise InputError(
            where=f'checkpoint: {path!r}', found="no 'state_dict'", cure=cure
        )
    load_strictly(model, state, f'{path!r} into the model', cure)
    return content


def check_same_landmarks(path: str, content: dict, metainfo: Mapping) -> None:
    """Refuse a checkpoint that was trained on other landmarks.

    ``metainfo`` is of the dataset that it is to be tested on.

    Raises:
        InputError: Names the first landmark that differs.
    """
    known = entry(entry(content, 'meta'), 'dataset_meta')
    theirs = list(entry(known, 'keypoint_name2id') or ())
    ours = list(metainfo.get('keypoint_name2id') or ())
    for i, (their, our) in enumerate(zip(theirs, ours), start=1):
        if their != our:
            raise InputError(
                where=f'checkpoint: {path!r}',
                found=f'its landmark {i} is {their!r}',
                expected=f'{our!r}, as in the test set',
                cure='Test on a set with the landmarks of the training.',
            )


# ---------------------------------------------------------------- framing


def config_framing(cfg: Mapping) -> dict | None:
    """The framing in which a config's model is used, if a pipeline has one.

    The test pipeline counts, else that of the validation or the training.
    """
    for loader in ('test_dataloader', 'val_dataloader', 'train_dataloader'):
        found = input_framing(entry(cfg.get(loader), 'dataset'))
        if found is not None:
            return found
    return None


def trained_framing(content: dict) -> dict | None:
    """The framing that a checkpoint was trained for, as plain data.

    Checkpoints of earlier versions hold it only in the text of their config.
    """
    known = entry(content.get('meta'), 'dataset_meta')
    found = entry(known, FRAMING_KEY)
    if is_framing(found):
        return dict(found)
    return input_framing(
        entry(trained_config(content, 'test_dataloader'), 'dataset')
    )


def refuse_framing_change(path: str, content: dict, cfg: Mapping) -> None:
    """Refuse a config that frames faces otherwise than the training did.

    The landmarks would be wrong, and nothing in the weights says so. Without
    a framing in the checkpoint, nothing is compared.

    Raises:
        InputError: If the framings differ.
    """
    theirs, ours = trained_framing(content), config_framing(cfg)
    if theirs and ours and differs(ours, theirs):
        raise other_framing(path, ours, theirs)


def refuse_mixed_framing(cfg: Mapping) -> None:
    """Refuse to train on other framings than those of the test pipeline.

    Boxes (``crop``) are the data's and may differ from set to set, and
    another input size is refused by the estimator. Padding may make up for
    augmentation: another one is logged as a warning.

    Raises:
        InputError: If the two pipelines do not cut faces out in the same way;
            or see :func:`.check_framing`.
    """
    refuse_variables()
    check_framing(cfg)
    train = input_framing(entry(cfg.get('train_dataloader'), 'dataset'))
    used = config_framing(cfg)
    if train is None or used is None:
        return
    if differs(train, used, ('crop', 'padding', 'input_size')):
        raise InputError(
            where='train_dataloader.dataset.pipeline',
            found=f'it shows the model {describe(train)}',
            expected=f'{describe(used)}, as test_dataloader.dataset.pipeline',
            cure='Use the same FindFaceBox and use_udp in both.',
        )
    if differs(train, used, ('crop', 'input_size')):
        print_log(
            'train_dataloader.dataset.pipeline shows the model '
            f'{describe(train)}; test_dataloader.dataset.pipeline '
            f'{describe(used)}. Unless augmentation makes up for it, set '
            'the same padding of GetBBoxCenterScale in both.',
            'current',
            logging.WARNING,
        )


# ------------------------------------------------------------------ split


def trained_split(content: dict) -> str | None:
    """``train_dataloader.dataset.split`` of a checkpoint's config, if any.

    Absolute paths are shortened.
    """
    dataset = entry(trained_config(content, 'train_dataloader'), 'dataset')
    split = entry(dataset, 'split')
    return split if isinstance(split, str) else None


def check_same_split(path: str, trained: str | None, cfg: Config) -> None:
    """Refuse a config that names other training subjects than trained.

    ``trained`` is of :func:`trained_split`.

    Raises:
        InputError: Names both splits.
    """
    given = cfg.train_dataloader.dataset.get('split')
    if trained is None or _same_file(trained, given):
        return
    raise InputError(
        where=f'checkpoint: {path!r}',
        found=f'the config has train_dataloader.dataset.split={given!r}',
        expected=f'{trained!r}, as in its training: people who trained must '
        'not calibrate',
        cure='Give the config of the training, or --cfg-options '
        f'train_dataloader.dataset.split={trained}',
    )


def _same_file(trained: str, given: str | None) -> bool:
    if given is None:
        return False
    if trained.startswith(HIDDEN) or osp.isabs(trained) or osp.isabs(given):
        # Of an absolute path the checkpoint keeps its end.
        return osp.basename(trained) == osp.basename(given)
    return osp.normpath(trained) == osp.normpath(given)
