"""Makes the settings of another framing: input size and crop of the face.

:mod:`mmpose_ctd.input_framing` reads a framing off a config.
"""

import math
import os
import sys
from collections.abc import Mapping
from typing import Any

from mmpose_ctd.config_values import component_name, is_number
from mmpose_ctd.errors import InputError, one_line
from mmpose_ctd.input_framing import FINDERS, crop_side, input_framing

#: Backbone -> how often it halves its input, as a factor; of others it is 16.
_STRIDES = {
    'HourglassNet': 128,
    'FaceLandmarkerV2': 64,
    **dict.fromkeys(
        ('CSPNeXt', 'FaceResNet', 'HRNet', 'ResNet', 'VGGFace2ResNet'), 32
    ),
}
#: Earlier versions read these environment variables.
_VARIABLES = {
    'CTD_INPUT_SIZE': 'framing.input_size',
    'CTD_FACE_SIDE': 'framing.face_side',
}
_OPTIONS = ('input_size', 'face_side')


def framing(
    base: Mapping,
    input_size: int | None = None,
    face_side: float | None = None,
) -> dict:
    """Make the settings of a config that depend on its framing.

    A framing is a config of three lines that sets nothing else::

        _base_ = './ft_sface.py'
        from mmpose_ctd.framing import framing
        locals().update(framing(_base_, input_size=192, face_side=1.1))

    Args:
        base (Mapping): A whole config: ``_base_``, or a ``Config``. It is not
            changed.
        input_size (int, optional): Side of the square network input in
            pixels. The heat-maps keep their share of it. Sigma follows
            ``1 + input_size / 256`` (SimCC's its square root), in thirds, as
            MMPose draws other Gaussians a pixel off. Defaults to that of
            ``base``.
        face_side (float, optional): Side of the square that the network
            sees, in widths of the face that :class:`.FindFaceBox` finds, or
            in extents of :class:`.FindMeshBox` where ``base`` has that; 0 for
            the whole image. Defaults to that of ``base``.

    Returns:
        dict: What differs from ``base``, top-level names of a config: codec,
        model and dataloaders with their pipelines, the variables that hold
        these, and ``framing``, the arguments (see :func:`check_framing`).

    Raises:
        InputError: If the network cannot take this size, the side is not 0 or
            from 0.2 to 5, no pipeline of ``base`` crops an input, or the
            config that calls this sets one of these names, too.
    """
    model = base.get('model') or {}
    if input_size is not None:
        _check_size(input_size, model.get('backbone') or {})
    if face_side is not None and not (
        is_number(face_side) and (face_side == 0 or 0.2 <= face_side <= 5)
    ):
        raise InputError(
            where='framing.face_side',
            found=repr(face_side),
            expected="0 (whole images) or widths of the detector's box from "
            '0.2 to 5, such as 1.1',
        )
    new = {
        key: _reframed(value, input_size, face_side)
        for key, value in base.items()
    }
    _keep_sum(model.get('head') or {}, (new.get('model') or {}).get('head'))
    if input_size is not None and 'input_side' in new:
        new['input_side'] = input_size
    if not any(
        input_framing((new.get(f'{loader}_dataloader') or {}).get('dataset'))
        for loader in ('train', 'test')
    ):
        raise InputError(
            where='framing',
            found='no pipeline of this config crops a network input',
            expected='dataset.pipeline with GetBBoxCenterScale and '
            'TopdownAffine',
        )
    given = dict(input_size=input_size, face_side=face_side)
    new['framing'] = dict(base.get('framing') or {}) | {
        name: value for name, value in given.items() if value is not None
    }
    changed = {key: new[key] for key in new if new[key] != base.get(key)}
    caller = sys._getframe(1).f_globals
    if caller.get('_base_') is base:
        _refuse_clash(changed, caller)
    return changed


def _refuse_clash(changed: dict, config: dict) -> None:
    """Refuse a config whose own settings ``locals().update`` would drop."""
    clash = [key for key in changed if key in config and key != 'framing']
    if clash:
        raise InputError(
            where='framing',
            found=f'the config that calls it sets {clash[0]}, too, which '
            'would be lost',
            expected='a config that sets nothing else',
            cure='Move the other settings into its _base_.',
        )


def check_framing(cfg: Mapping) -> None:
    """Refuse a config that names a framing but has another.

    A later setting may have replaced what :func:`framing` made, or a tool
    that does not know ``--cfg-options framing`` got it.

    Raises:
        InputError: Names the pipeline, or the head's decoder.
    """
    named = cfg.get('framing') or {}
    found = {}
    for loader in ('train', 'val', 'test'):
        dataset = (cfg.get(f'{loader}_dataloader') or {}).get('dataset')
        seen = input_framing(dataset)
        if seen is not None:
            found[f'{loader}_dataloader.dataset.pipeline'] = seen
    head = (cfg.get('model') or {}).get('head') or {}
    decoded = (head.get('decoder') or {}).get('input_size')
    if decoded is not None:
        found['model.head.decoder'] = dict(input_size=list(decoded))
    size, side = named.get('input_size'), named.get('face_side')
    for where, seen in found.items():
        cut = crop_side(seen)
        if size is not None and seen['input_size'] != [size, size]:
            wrong = f'input_size={seen["input_size"]}', f'input_size={size}'
        elif side is not None and cut != side and 'decoder' not in where:
            wrong = f'face_side={cut}', f'face_side={side}'
        else:
            continue
        raise InputError(
            where=where,
            found=f'{wrong[0]}, though the config has framing.{wrong[1]}',
            expected='both to agree',
            cure='If a setting below framing(), or in --cfg-options, changed '
            'it, remove that setting or move it into the _base_ of the config '
            'that calls framing(). If this is not a tool of mmpose_ctd, it '
            'cannot apply --cfg-options framing.',
        )


def merge_options(cfg: Any, options: Mapping) -> None:
    """Apply ``--cfg-options`` to a config, those of the framing first.

    Args:
        cfg (Config): Changed in place.
        options (Mapping): Dotted keys -> values. ``framing.input_size`` and
            ``framing.face_side`` go through :func:`framing`.

    Raises:
        InputError: If the framing is impossible or has another key, or a
            setting cannot be in the config.
    """
    chosen, others = {}, {}
    for key, value in options.items():
        section, _, name = key.partition('.')
        if section != 'framing':
            others[key] = value
        elif name in _OPTIONS:
            chosen[name] = value
        else:
            raise InputError(
                where='--cfg-options',
                found=f'{key}={value}',
                expected='framing.input_size or framing.face_side',
            )
    if chosen:
        for key, value in framing(cfg, **chosen).items():
            cfg[key] = value
    try:
        cfg.merge_from_dict(others)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise InputError(
            where='--cfg-options',
            found=f'{type(error).__name__}: {one_line(error)}',
        ) from error


def refuse_variables() -> None:
    """Refuse environment variables that set the framing until 2026.

    Raises:
        InputError: Its cure is the option that replaces them.
    """
    found = [name for name in _VARIABLES if os.environ.get(name)]
    if not found:
        return
    options = ' '.join(f'{_VARIABLES[n]}={os.environ[n]}' for n in found)
    raise InputError(
        where=' and '.join(found),
        found='set in the environment, which is no longer read',
        expected='the framing as an option or in the config',
        cure=f'unset {" ".join(found)}; add --cfg-options {options}',
    )


def _check_size(size: Any, backbone: Mapping) -> None:
    """Refuse a size that the backbone cannot halve so often."""
    name = component_name(backbone)
    stride = _STRIDES.get(name, 16)
    whole = isinstance(size, int) and not isinstance(size, bool)
    if not whole or size < stride or size % stride:
        raise InputError(
            where='framing.input_size',
            found=repr(size),
            expected=f'{stride}, {2 * stride} or another multiple of {stride} '
            f'pixels: {name or "the network"} halves its input '
            f'{stride.bit_length() - 1} times',
        )


def _reframed(value: Any, size: int | None, side: float | None) -> Any:
    """A setting in another framing; a copy where anything changes."""
    if isinstance(value, (list, tuple)):
        items = [_reframed(item, size, side) for item in value]
        return type(value)(_with_face(items, side))
    if not isinstance(value, Mapping):
        return value
    # A teacher's input is its own.
    new = {
        key: part if key == 'teacher' else _reframed(part, size, side)
        for key, part in value.items()
    }
    if size is not None and 'type' in new:
        _resize(new, size)
    return type(value)(new)


def _resize(component: dict, size: int) -> None:
    """Set the input size of a transform, codec, head or backbone."""
    if isinstance(component.get('img_size'), int):
        component['img_size'] = size
    elif component.get('img_size'):
        component['img_size'] = type(component['img_size'])((size, size))
    before = component.get('input_size')
    if not isinstance(before, (list, tuple)) or len(before) != 2:
        return
    component['input_size'] = type(before)((size, size))
    for key in ('heatmap_size', 'in_featuremap_size'):
        if component.get(key):
            component[key] = _shares(component[key], before, size, key)
    sigma = component.get('sigma')
    if sigma is None:
        return
    if component_name(component) == 'SimCCLabel':
        ratios = [(size / side) ** 0.5 for side in before]
        component['sigma'] = (
            sigma * ratios[0]
            if is_number(sigma)
            else type(sigma)(s * r for s, r in zip(sigma, ratios))
        )
    elif is_number(sigma):
        ratio = _sigma(size) / _sigma(max(before))
        component['sigma'] = max(round(3 * sigma * ratio), 1) / 3


def _shares(parts: Any, before: Any, size: int, key: str) -> Any:
    """The size of a map that keeps its share of the input."""
    if any(size * part % whole for part, whole in zip(parts, before)):
        raise InputError(
            where='framing.input_size',
            found=repr(size),
            expected=f'a multiple of {before[0] // parts[0]}, the input '
            f"pixels in one of the map's ({key})",
        )
    return type(parts)(
        size * part // whole for part, whole in zip(parts, before)
    )


def _sigma(side: int) -> float:
    """2 heat-map pixels at 256, 4/3 at 128; in thirds."""
    return round(3 + side * 3 / 256) / 3


def _with_face(steps: list, side: float | None) -> list:
    """A pipeline that cuts faces out, or no longer; other lists as is."""
    kinds = [component_name(step) for step in steps]
    if side is None or 'GetBBoxCenterScale' not in kinds:
        return steps
    finder = next((kind for kind in kinds if kind in FINDERS), None)
    if not side:
        steps = [s for s in steps if component_name(s) not in FINDERS]
    elif finder:
        steps[kinds.index(finder)]['side'] = float(side)
    else:
        at = kinds.index('GetBBoxCenterScale')
        steps.insert(at, dict(type='FindFaceBox', side=float(side)))
    for step in steps:
        # The detector's boxes vary as much.
        if (
            component_name(step) == 'RandomBBoxTransform'
            and step.get('shift_factor') == 0.06
            and step.get('shift_prob') in (0, 1)
        ):
            step['shift_prob'] = 1.0 if side else 0.0
    return steps


def _keep_sum(before: Mapping, after: Mapping | None) -> None:
    """Keep a mean over the heat-maps' pixels that was weighted as a sum."""
    maps = before.get('out_channels'), (before.get('decoder') or {})
    loss = before.get('loss') or {}
    if component_name(loss) != 'CombinedTargetMSELoss' or not after:
        return
    area = math.prod(maps[1].get('heatmap_size') or (0,))
    if area and loss.get('loss_weight') == maps[0] // 3 * area:
        after['loss']['loss_weight'] = (
            maps[0] // 3 * math.prod(after['decoder']['heatmap_size'])
        )
