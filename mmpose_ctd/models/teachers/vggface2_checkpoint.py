"""Writes VGGFace2's networks as checkpoints that configs can name."""

import functools
import hashlib
from pathlib import Path

import torch
from mmpose.registry import MODELS
from torch import Tensor

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.backbones.vggface2_resnet import VGGFace2ResNet

from .checkpoint_writer import check_paths, write_source
from .vggface2_file import read_published
from .vggface2_names import NAMINGS, Naming, to_own_names

__all__ = ['BN_EPS', 'convert_vggface2']

#: Raised by one when the keys of the written file change.
CONVERTER_VERSION = 1
#: Epsilon of the BatchNorm layers that the written file is for.
BN_EPS = 1e-5


def convert_vggface2(
    source: str | Path,
    target: str | Path,
    force: bool = False,
    bn_eps: float = BN_EPS,
) -> dict:
    """Convert a published file of VGGFace2 into a teacher's checkpoint.

    Which of the published files it is, is found out from its content:
    ResNet-50 or SE-ResNet-50, with or without classifier, with or without
    the layer of the 128- or 256-d embedding. The checkpoint is always for
    R, G, B input: the first kernel's input channels are reversed if the
    file's are B, G, R.

    Args:
        source (str | Path): The published file.
        target (str | Path): The checkpoint to write.
        force (bool): Whether to replace an existing one. Defaults to False.
        bn_eps (float): Epsilon of BatchNorm that the file's variances are
            meant for. VGGFace2's networks have 1e-5, the default, whatever
            the container; another value is folded into the variances,
            ``running_var + bn_eps - 1e-5``, which gives the same outputs.
            keras-vggface's code runs ``.h5`` files with 1e-3, Keras's
            default, and SE-ResNet's with 1e-4; it also pads and pools
            otherwise, so that its values are not those of the network that
            was trained. See docs/teachers.md.

    Returns:
        dict: The checkpoint's ``meta``.

    Raises:
        MissingFileError: If ``source`` does not exist.
        InputError: If it is not one of the published networks, damaged, or
            asks for code to run, or if ``target`` exists.
    """
    source, target = check_paths(
        source,
        target,
        force,
        "one of VGGFace2's published files, see docs/teachers.md",
    )
    if not 0 < bn_eps < 1:
        raise InputError(
            f'--bn-eps: {bn_eps}; expected a small positive number, such as '
            '1e-5 or 1e-3'
        )
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    kind, state = read_published(source)
    try:
        naming = _naming(kind, state)
        parts = _parts(state, naming)
        build = functools.partial(_build, parts)
        with torch.device('meta'):
            networks = build()
        state = to_own_names(state, naming, networks)
    except InputError as error:
        raise InputError(f'{source}: {error}') from error
    if naming.channel_order != VGGFace2ResNet.channel_order:
        stem = 'backbone.conv1.weight'
        state[stem] = state[stem].flip(1)
    if bn_eps != BN_EPS:
        _fold_epsilon(state, bn_eps)
    meta = _meta(sha256, naming, parts, bn_eps)
    write_source(source, target, state, meta, build, meta['input_size'])
    return meta


def _naming(kind: str, state: dict[str, Tensor]) -> Naming:
    """Whose names these are; refused where the container is another's."""
    for naming in NAMINGS:
        if f'{naming.stem}.weight' not in state:
            continue
        if kind != naming.kind:
            raise InputError(
                f'is a {kind} file with the names of {naming.title}. No '
                'network of VGGFace2 is published so, and the order of its '
                'input channels cannot be known. Expected the published file'
            )
        return naming
    stems = ', '.join(f"'{naming.stem}.weight'" for naming in NAMINGS)
    raise InputError(
        "none of VGGFace2's published networks: it has no first convolution "
        f'of a known name ({stems}); its first names are '
        f'{sorted(state)[:3]}'
    )


def _parts(state: dict[str, Tensor], naming: Naming) -> dict[str, dict]:
    """Configs of the networks that the file holds."""
    squeeze = naming.name('backbone.layer1.0.se_layer.conv1.conv.weight')
    kind = 'VGGFace2SEResNet' if squeeze in state else 'VGGFace2ResNet'
    parts = {'backbone': dict(type=kind)}
    sizes = {
        argument: len(state[name]) if _has_rows(state.get(name)) else None
        for argument, name in (
            ('num_classes', naming.name('head.fc.weight')),
            ('embedding_dim', naming.name('head.reduce.weight')),
        )
    }
    if any(sizes.values()):
        parts['head'] = dict(type='PooledClassifier', **sizes)
    return parts


def _has_rows(value: Tensor | None) -> bool:
    return value is not None and value.dim() > 0


def _build(parts: dict[str, dict]) -> dict:
    return {name: MODELS.build(dict(cfg)) for name, cfg in parts.items()}


def _fold_epsilon(state: dict[str, Tensor], bn_eps: float) -> None:
    """Variances that give with ``BN_EPS`` what they gave with ``bn_eps``."""
    for key, value in state.items():
        if key.endswith('running_var'):
            state[key] = (value.double() + (bn_eps - BN_EPS)).float()


def _meta(
    sha256: str, naming: Naming, parts: dict[str, dict], bn_eps: float
) -> dict:
    head = parts.get('head', {})
    return {
        'source_sha256': sha256,
        'source': 'VGGFace2',
        'source_format': naming.title,
        'source_channel_order': naming.channel_order,
        'source_bn_eps': bn_eps,
        'license': 'unknown',
        'backbone': parts['backbone'],
        'head': parts.get('head'),
        'classes': head.get('num_classes'),
        'embedding_dim': head.get('embedding_dim'),
        'mean': VGGFace2ResNet.mean,
        'std': VGGFace2ResNet.std,
        'channel_order': VGGFace2ResNet.channel_order,
        'input_size': VGGFace2ResNet.input_size,
        'bn_eps': BN_EPS,
        'converter': 'vggface2_to_mmpose',
        'converter_version': CONVERTER_VERSION,
    }
