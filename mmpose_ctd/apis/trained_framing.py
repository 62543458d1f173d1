"""Whether a model sees faces as it did when it was trained."""

from typing import Any

from mmengine.config import Config

from .trained_config import entry, trained_config

__all__ = ['framing_change']

#: Transforms that decide what of an image the network sees, and how large.
_FRAMING = {
    'FindFaceBox': ('side', 'centre'),
    'GetBBoxCenterScale': ('padding',),
    'TopdownAffine': ('input_size',),
}


def framing_change(path: str, content: dict, cfg: Config) -> str | None:
    """What differs between the config of a training and another one.

    A network that learned faces from close, or at another size, gives wrong
    landmarks of other framings, and nothing in its weights says so.

    Args:
        path (str): Of the checkpoint, for the text.
        content (dict): Of the checkpoint.
        cfg (Config): Whose ``test_dataloader`` is to be used.

    Returns:
        str: A text for the user; None where the two are alike, or the
        checkpoint does not tell.
    """
    theirs = _framing(trained_config(content, 'test_dataloader'))
    ours = _framing(cfg.get('test_dataloader'))
    if theirs is None or ours is None or theirs == ours:
        return None
    return (
        f'checkpoint: {path!r} was trained with {_told(theirs)}, the config '
        f'says {_told(ours)}: its landmarks will be wrong. If environment '
        'variables made the difference (CTD_FACE_SIDE, CTD_INPUT_SIZE), set '
        'them as they were in the training.'
    )


def _framing(loader: Any) -> dict | None:
    pipeline = entry(entry(loader, 'dataset'), 'pipeline')
    if not isinstance(pipeline, (list, tuple)):
        return None
    return {
        (kind, key): _plain(entry(step, key))
        for step in pipeline
        for kind in (entry(step, 'type'),)
        for key in _FRAMING.get(kind if isinstance(kind, str) else '', ())
    }


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else value


def _told(framing: dict) -> str:
    size = framing.get(('TopdownAffine', 'input_size'))
    side = framing.get(('FindFaceBox', 'side'))
    face = (
        'whole images'
        if ('FindFaceBox', 'side') not in framing
        else f'faces cut out (FindFaceBox, side={side})'
    )
    padding = framing.get(('GetBBoxCenterScale', 'padding'))
    input_size = ' by '.join(map(str, size)) if size else 'unknown'
    return f'{face}, input_size {input_size}, padding {padding}'
