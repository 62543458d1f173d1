"""A config at another batch size, input size or number of landmarks."""

import copy

from mmengine.config import Config

from mmpose_ctd.errors import InputError

__all__ = [
    'encoder_of',
    'num_keypoints',
    'resized',
    'sizes_of',
    'target_transform',
]

# What a head calls its number of landmarks.
_K_KEYS = ('out_channels', 'num_joints')
# (width, height) of a codec or head, in proportion to the input.
_SIZE_KEYS = ('input_size', 'heatmap_size', 'in_featuremap_size')


def target_transform(cfg: Config) -> dict:
    """The training pipeline's ``GenerateTarget``.

    Raises:
        InputError: If it has none.
    """
    for transform in cfg.train_dataloader.dataset.get('pipeline', ()):
        if transform['type'] == 'GenerateTarget':
            return transform
    raise InputError(
        'train_dataloader.dataset.pipeline has no GenerateTarget; expected '
        'one, as its encoder tells what the head is trained on.'
    )


def encoder_of(transform: dict) -> dict:
    """The codec, or the first of several, of a ``GenerateTarget``."""
    encoder = transform['encoder']
    return encoder[0] if isinstance(encoder, (list, tuple)) else encoder


def num_keypoints(cfg: Config) -> int:
    """K, from the head; an InputError if it does not tell."""
    return cfg.model.head[_k_key(cfg)]


def _k_key(cfg: Config) -> str:
    head = cfg.model.get('head') or {}
    for key in _K_KEYS:
        if head.get(key) is not None:
            return key
    raise InputError(
        f'model.head sets none of {", ".join(_K_KEYS)}; expected one, the '
        'number of landmarks.'
    )


def sizes_of(cfg: Config) -> dict[str, int]:
    """What :func:`resized` changes: its arguments and their values."""
    return dict(
        batch_size=cfg.train_dataloader.batch_size,
        input_size=_square_side(target_transform(cfg)),
        num_keypoints=num_keypoints(cfg),
    )


def resized(
    cfg: Config,
    batch_size: int | None = None,
    input_size: int | None = None,
    num_keypoints: int | None = None,
) -> Config:
    """The config with other sizes; ``None`` keeps its own.

    Args:
        cfg (Config): Left as it is.
        batch_size (int, optional): Images of a batch.
        input_size (int, optional): Pixels of the square input. Codec and head
            follow in proportion; a backbone of fixed size does not.
        num_keypoints (int, optional): K.

    Raises:
        InputError: If a size is not possible: below 1, or no whole number of
            pixels in the heat-maps.
    """
    cfg = copy.deepcopy(cfg)
    sizes = dict(
        batch_size=batch_size,
        input_size=input_size,
        num_keypoints=num_keypoints,
    )
    for name, value in sizes.items():
        if value is not None and value < 1:
            raise InputError(f'{name}={value}: expected at least 1.')
    if batch_size:
        cfg.train_dataloader.batch_size = batch_size
    if num_keypoints:
        cfg.model.head[_k_key(cfg)] = num_keypoints
    if input_size:
        pipeline = cfg.train_dataloader.dataset.pipeline
        before = _square_side(target_transform(cfg))
        # A codec may be one object in both places.
        seen = set()
        for part in (cfg.model.head, pipeline):
            _scale(part, before, input_size, seen)
    return cfg


def _square_side(transform: dict) -> int:
    width, height = encoder_of(transform)['input_size']
    if width != height:
        raise InputError(
            f'codec.input_size={(width, height)}: another input size is '
            'possible for square inputs only.'
        )
    return width


def _scale(part, before: int, after: int, seen: set[int]) -> None:
    """Scale every size in nested dicts and lists, in place and once."""
    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, (list, tuple)):
        for item in part:
            _scale(item, before, after, seen)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in _SIZE_KEYS and isinstance(value, (list, tuple)):
                part[key] = tuple(_scaled(v, before, after) for v in value)
            else:
                _scale(value, before, after, seen)


def _scaled(size: int, before: int, after: int) -> int:
    if size * after % before:
        raise InputError(
            f'input_size={after}: {size} pixels at {before} are no whole '
            f'number there. Choose a multiple of {before // size}.'
        )
    return size * after // before
