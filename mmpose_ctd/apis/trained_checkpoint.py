"""Loads what a training wrote into the model that it was written by."""

from torch import nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers.checkpoint import (
    load_strictly,
    read_checkpoint,
)

from .trained_config import entry

__all__ = ['check_same_landmarks', 'load_trained']


def load_trained(model: nn.Module, path: str, cure: str) -> dict:
    """Fill a model with a checkpoint's weights, all of them.

    mmengine loads what fits and leaves the rest random.

    Args:
        model (nn.Module): Changed in place.
        path (str): A checkpoint of MMPose's tools; read without running code
            from it.
        cure (str): What the user can do if it does not fit, a sentence.

    Returns:
        dict: The content of the file.

    Raises:
        InputError: Lists what does not fit.
    """
    content = read_checkpoint(path, 'checkpoint', cure.rstrip('.'))
    state = content.get('state_dict') if isinstance(content, dict) else None
    if not isinstance(state, dict):
        raise InputError(f"checkpoint: {path!r} has no 'state_dict'. {cure}")
    load_strictly(model, state, f'{path!r} into the model', cure)
    return content


def check_same_landmarks(path: str, content: dict, metainfo: dict) -> None:
    """Refuse a checkpoint that was trained on other landmarks.

    Args:
        path (str): Of the checkpoint, for the error.
        content (dict): What :func:`load_trained` gave.
        metainfo (dict): Of the dataset that it is to be tested on.

    Raises:
        InputError: Names the first landmark that differs.
    """
    known = entry(entry(content, 'meta'), 'dataset_meta')
    theirs = list(entry(known, 'keypoint_name2id') or ())
    ours = list((metainfo.get('keypoint_name2id') or {}).keys())
    for i, (their, our) in enumerate(zip(theirs, ours), start=1):
        if their != our:
            raise InputError(
                f'checkpoint: {path!r} was trained on other landmarks: its '
                f'number {i} is {their!r}, that of the test set {our!r}.'
            )
