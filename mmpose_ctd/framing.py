"""The framing: which part of a photograph a network sees, and how large.

A network that learned faces in one framing gives wrong landmarks in another,
and nothing in its weights says so. So the framing travels as plain data in a
dataset's metainfo, and with it in the ``dataset_meta`` of checkpoints.
:func:`framing` makes the settings of another framing, :func:`input_framing`
reads one off a config.
"""

import math
import os
import sys
from collections.abc import Mapping
from typing import Any

from mmpose_ctd.config_values import component_name, is_number
from mmpose_ctd.errors import InputError

__all__ = [
    'FACE_MARK',
    'FRAMING_KEY',
    'check_framing',
    'describe',
    'differs',
    'framing',
    'input_framing',
    'is_framing',
    'merge_options',
    'other_framing',
    'refuse_other_framing',
    'refuse_variables',
]

#: Its name in a dataset's metainfo.
FRAMING_KEY = 'input_framing'
#: What a step that finds faces leaves in a sample; users' fields have no such
#: names.
FACE_MARK = '_found_face'

#: Transform -> its argument, the name in a framing, and the default.
_STEPS = {
    'FindFaceBox': (
        ('side', 'face_side', 1.1),
        ('centre', 'face_centre', 0.72),
    ),
    'FindMeshBox': (('side', 'mesh_side', 1.15),),
    'GetBBoxCenterScale': (('padding', 'padding', 1.25),),
    'TopdownAffine': (
        ('input_size', 'input_size', None),
        ('use_udp', 'use_udp', False),
    ),
}
#: Backbone -> how often it halves its input, as a factor; of others it is 16.
_STRIDES = {
    'HourglassNet': 128,
    **dict.fromkeys(('CSPNeXt', 'HRNet', 'ResNet', 'VGGFace2ResNet'), 32),
}
#: Earlier versions read these environment variables.
_VARIABLES = {
    'CTD_INPUT_SIZE': 'framing.input_size',
    'CTD_FACE_SIDE': 'framing.face_side',
}
_OPTIONS = ('input_size', 'face_side')
#: The steps that crop to a face, and the names of their sides in a framing.
_FINDERS = {'FindFaceBox': 'face_side', 'FindMeshBox': 'mesh_side'}


# ------------------------------------------------------- making a framing


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

    A later setting may have replaced what :func:`framing` made, or the option
    was given to a tool that does not know it.

    Args:
        cfg (Mapping): A whole config; one without ``framing`` passes.

    Raises:
        InputError: Names the pipeline, or the head's decoder.
    """
    named = cfg.get('framing') or {}
    size, side = named.get('input_size'), named.get('face_side')
    found = {}
    for loader in ('train', 'val', 'test'):
        dataset = (cfg.get(f'{loader}_dataloader') or {}).get('dataset')
        seen = input_framing(dataset)
        if seen is not None:
            where = f'{loader}_dataloader.dataset.pipeline'
            found[where] = seen['input_size'], _side_of(seen)
    head = (cfg.get('model') or {}).get('head') or {}
    decoded = (head.get('decoder') or {}).get('input_size')
    if decoded is not None:
        found['model.head.decoder'] = list(decoded), side
    for where, (sizes, cut) in found.items():
        if (size is not None and sizes != [size, size]) or (
            side is not None and cut != side
        ):
            raise InputError(
                where=where,
                found=f'input_size={sizes}, face_side={cut}',
                expected=f'what the config names, framing={dict(named)}',
                cure='Call framing() in a config of its own that sets nothing '
                'else. Only the tools of this project know --cfg-options '
                'framing.',
            )


def merge_options(cfg: Any, options: Mapping) -> None:
    """Apply ``--cfg-options`` to a config, those of the framing first.

    Args:
        cfg (Config): Changed in place.
        options (Mapping): Dotted keys -> values. ``framing.input_size`` and
            ``framing.face_side`` go through :func:`framing`.

    Raises:
        InputError: If the framing is impossible or has another key.
    """
    chosen = {}
    for key, value in options.items():
        section, _, name = key.partition('.')
        if section != 'framing':
            continue
        if name not in _OPTIONS:
            raise InputError(
                where='--cfg-options',
                found=f'{key}={value}',
                expected='framing.input_size or framing.face_side',
            )
        chosen[name] = value
    if chosen:
        for key, value in framing(cfg, **chosen).items():
            cfg[key] = value
    cfg.merge_from_dict(
        {k: v for k, v in options.items() if k.split('.')[0] != 'framing'}
    )


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
    finder = next((kind for kind in kinds if kind in _FINDERS), None)
    if not side:
        steps = [s for s in steps if component_name(s) not in _FINDERS]
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


# ------------------------------------------------------ reading a framing


def input_framing(dataset: Any) -> dict | None:
    """Read the framing off a dataset's config.

    Args:
        dataset (Mapping): With ``pipeline``, and perhaps ``crop``.

    Returns:
        dict: ``input_size`` [width, height], ``padding``, ``use_udp``;
        ``face_side`` and ``face_centre`` of a :class:`.FindFaceBox`,
        ``mesh_side`` of a :class:`.FindMeshBox`, else ``crop``. ``None`` where
        no pipeline crops a network input.
    """
    if not isinstance(dataset, Mapping):
        return None
    pipeline = dataset.get('pipeline')
    if not isinstance(pipeline, (list, tuple)):
        return None
    found: dict = {}
    for step in pipeline:
        for argument, name, default in _STEPS.get(component_name(step), ()):
            found[name] = _plain(step.get(argument, default))
    if not is_framing(found):
        return None
    if not found.keys() & {*_FINDERS.values()}:
        found['crop'] = str(dataset.get('crop') or 'image')
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [int(v) for v in value if is_number(v)]
    return float(value) if type(value) is int else value


def _side_of(framing: Mapping) -> float:
    """Side of the crop to a face; 0 for whole images."""
    sides = (framing.get(name) for name in _FINDERS.values())
    return next((side for side in sides if side is not None), 0)


def is_framing(value: Any) -> bool:
    """Whether this is what :func:`input_framing` gives."""
    size = value.get('input_size') if isinstance(value, dict) else None
    return (
        isinstance(size, list)
        and len(size) == 2
        and all(map(is_number, size))
        and all(
            is_number(value[key])
            for key in ('padding', 'face_side', 'face_centre', 'mesh_side')
            if key in value
        )
    )


# ---------------------------------------------------- comparing framings


def differs(one: dict, other: dict, ignore: tuple = ()) -> bool:
    """Whether two framings show a network different pictures."""
    for key in {*one, *other} - {*ignore}:
        a, b = one.get(key), other.get(key)
        if is_number(a) and is_number(b):
            if abs(a - b) > 1e-3 * max(1, abs(a)):
                return True
        elif a != b:
            return True
    return False


def describe(framing: dict) -> str:
    """A framing in words."""
    size = 'x'.join(f'{side:g}' for side in framing['input_size'])
    if 'face_side' in framing:
        face = (
            'faces cut out by a detector '
            f'(FindFaceBox, side={framing["face_side"]:g}, '
            f'centre={framing.get("face_centre", 0.72):g})'
        )
    elif 'mesh_side' in framing:
        face = (
            'faces cut out by their dense landmarks '
            f'(FindMeshBox, side={framing["mesh_side"]:g})'
        )
    elif framing.get('crop') == 'bbox':
        face = "the annotated boxes (crop='bbox')"
    else:
        face = 'whole images'
    parts = [f'{face}, input_size {size}']
    if 'padding' in framing:
        parts.append(f'padding {framing["padding"]:g}')
    if framing.get('use_udp') is not None:
        parts.append(f'use_udp={framing["use_udp"]}')
    return ', '.join(parts)


def _options_between(found: dict, wanted: dict) -> str:
    """The ``--cfg-options`` from one framing to another, as far as any go."""
    sizes = [one.get('input_size') for one in (found, wanted)]
    sides = [_side_of(one) for one in (found, wanted)]
    options = []
    if sizes[0] != sizes[1] and len({*sizes[1]}) == 1:
        options.append(f'framing.input_size={sizes[1][0]}')
    if sides[0] != sides[1]:
        options.append(f'framing.face_side={sides[1]:g}')
    return ' '.join(options)


def other_framing(where: str, found: dict, trained: dict) -> InputError:
    """The error where a model is to see another framing than it learned."""
    options = _options_between(found, trained)
    return InputError(
        where=where,
        found=f'the config shows the model {describe(found)}',
        expected=f'{describe(trained)}, as in its training; landmarks would '
        'be wrong',
        cure='Use the config of the training, such as the copy in its work '
        'dir' + (f', or add --cfg-options {options}' if options else '') + '.',
    )


def refuse_other_framing(results: dict) -> None:
    """Compare what a pipeline did with what the checkpoint was trained on.

    MMPose's inference hands a checkpoint's ``dataset_meta`` to the pipeline.

    Args:
        results (dict): At the end of a pipeline.

    Raises:
        InputError: If the framings differ.
    """
    trained = results.get(FRAMING_KEY)
    if not is_framing(trained) or results.get('input_size') is None:
        return
    found = dict(trained, input_size=[int(v) for v in results['input_size']])
    for key in ('face_side', 'face_centre', 'mesh_side', 'crop'):
        found.pop(key, None)
    found.update(results.get(FACE_MARK) or {})
    padding = _padding(results)
    if padding is not None:
        found['padding'] = padding
    # The box of a sample is its caller's.
    if differs(found, trained, ignore=('crop',)):
        raise other_framing('test_dataloader.dataset.pipeline', found, trained)


def _padding(results: dict) -> float | None:
    """How much wider than its box a sample was cut out."""
    if results.get('bbox') is None or results.get('input_scale') is None:
        return None
    x1, y1, x2, y2 = (float(v) for v in results['bbox'][0][:4])
    across, down = results['input_size']
    width = max(x2 - x1, (y2 - y1) * across / down)
    return float(results['input_scale'][0]) / width if width > 0 else None
