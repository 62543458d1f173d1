"""Reads the framing off a config, and compares framings.

The framing is which part of a photograph a network sees, and how large. Its
weights do not say it, so it travels as plain data in a dataset's metainfo,
and with it in the ``dataset_meta`` of checkpoints.
"""

from collections.abc import Mapping
from typing import Any

from mmpose_ctd.config_values import component_name, is_number
from mmpose_ctd.errors import InputError

#: Its name in a dataset's metainfo.
FRAMING_KEY = 'input_framing'
#: What a step that finds faces leaves in a sample; users' fields have no such
#: names.
FACE_MARK = '_found_face'
#: The steps that crop to a face, and the names of their sides in a framing.
FINDERS = {'FindFaceBox': 'face_side', 'FindMeshBox': 'mesh_side'}

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
    if not found.keys() & {*FINDERS.values()}:
        found['crop'] = str(dataset.get('crop') or 'image')
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [int(v) for v in value if is_number(v)]
    return float(value) if type(value) is int else value


def crop_side(framing: Mapping) -> float:
    """Side of the crop to a face, as its step counts it; 0 for none."""
    sides = (framing.get(name) for name in FINDERS.values())
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


def _in_words(framing: dict) -> list[str]:
    width, height = framing['input_size']
    if 'face_side' in framing:
        centre = framing.get('face_centre', 0.72)
        face = f'FindFaceBox(side={framing["face_side"]:g}, centre={centre:g})'
    elif 'mesh_side' in framing:
        face = f'FindMeshBox(side={framing["mesh_side"]:g})'
    elif framing.get('crop') == 'bbox':
        face = "the annotated boxes (crop='bbox')"
    else:
        face = 'whole images'
    parts = [face, f'input_size {width:g}x{height:g}']
    if 'padding' in framing:
        parts.append(f'padding {framing["padding"]:g}')
    if framing.get('use_udp') is not None:
        parts.append(f'use_udp={framing["use_udp"]}')
    return parts


def describe(framing: dict) -> str:
    """A framing in words."""
    return ', '.join(_in_words(framing))


def _options_between(found: dict, wanted: dict) -> str:
    """The ``--cfg-options`` from one framing to another, as far as any go."""
    sizes = [one.get('input_size') for one in (found, wanted)]
    sides = [crop_side(one) for one in (found, wanted)]
    options = []
    if sizes[0] != sizes[1] and len({*sizes[1]}) == 1:
        options.append(f'framing.input_size={sizes[1][0]}')
    if sides[0] != sides[1]:
        options.append(f'framing.face_side={sides[1]:g}')
    return ' '.join(options)


def other_framing(where: str, found: dict, trained: dict) -> InputError:
    """The error where a model is to see another framing than it learned."""
    ours, theirs = _in_words(found), _in_words(trained)
    options = _options_between(found, trained)
    return InputError(
        where=where,
        found=', '.join(part for part in ours if part not in theirs),
        expected=', '.join(part for part in theirs if part not in ours)
        + ', as in the training of the model',
        cure='Use its config, such as the copy in its work dir'
        + (
            f', or add --cfg-options {options} to the command.'
            if options
            else '.'
        ),
    )


def refuse_other_framing(results: dict) -> None:
    """Compare what a pipeline did with what the checkpoint was trained on.

    MMPose's inference hands a checkpoint's ``dataset_meta`` to the pipeline,
    at whose end this raises an InputError if the framings differ.
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
