"""Converts VGGFace2's networks into checkpoints of this package."""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.files import sha256_of
from mmpose_ctd.models.backbones.vggface2_resnet import VGGFace2ResNet

from .checkpoint import mismatches
from .checkpoint_writer import check_paths, empty_state, write_source
from .vggface2_file import read_published

#: Raised by one when the keys of the written file change.
CONVERTER_VERSION = 1
#: Epsilon of the BatchNorm layers that the written file is for.
BN_EPS = 1e-5

_BLOCK = re.compile(r'layer(\d)\.(\d+)\.(.+)')
#: Layers of a block: ours -> Caffe's, also used by MatConvNet and Keras.
_CAFFE_BLOCK = {
    'conv1': '1x1_reduce',
    'conv2': '3x3',
    'conv3': '1x1_increase',
    'downsample.0': '1x1_proj',
    'se_layer.conv1.conv': '1x1_down',
    'se_layer.conv2.conv': '1x1_up',
}
_NORMALISED = {'bn1': 'conv1', 'bn2': 'conv2', 'bn3': 'conv3'}
_NORMALISED['downsample.1'] = 'downsample.0'


def _torchvision(layer: str) -> str:
    """torchvision's names: ours except for squeeze and excitation."""
    layer = layer.replace('se_layer.conv1.conv', 'conv4')
    return layer.replace('se_layer.conv2.conv', 'conv5')


def _caffe(layer: str, stem: str, norm: str) -> str:
    """Caffe's names, with ``norm`` appended for a BatchNorm."""
    match = _BLOCK.fullmatch(layer)
    if not match:
        return stem + (norm if layer == 'bn1' else '')
    stage, block, inner = int(match[1]), int(match[2]), match[3]
    suffix = norm if inner in _NORMALISED else ''
    inner = _CAFFE_BLOCK[_NORMALISED.get(inner, inner)]
    return f'conv{stage + 1}_{block + 1}_{inner}{suffix}'


class Naming(NamedTuple):
    """How one kind of published file names its layers."""

    #: The container: ``'pickle'``, ``'torch'`` or ``'keras'``.
    kind: str
    title: str
    channel_order: str
    #: Names of the first convolution and of the last layer.
    stem: str
    classifier: str
    #: Name of a layer of our backbone -> the file's.
    layer: Callable[[str], str]

    def name(self, key: str) -> str:
        """The file's name for our key ``backbone.*`` or ``head.*``."""
        part, _, rest = key.partition('.')
        layer, _, weight = rest.rpartition('.')
        if part == 'backbone':
            layer = self.layer(layer)
        else:
            layer = {'fc': self.classifier, 'reduce': 'feat_extract'}[layer]
        return f'{layer}.{weight}'


NAMINGS = (
    Naming(
        kind='pickle',
        title="torchvision's names in a pickle",
        channel_order='bgr',
        stem='conv1',
        classifier='fc',
        layer=_torchvision,
    ),
    Naming(
        kind='torch',
        title="MatConvNet's names in a torch file (dag)",
        channel_order='rgb',
        stem='conv1_7x7_s2',
        classifier='classifier',
        layer=functools.partial(_caffe, stem='conv1_7x7_s2', norm='_bn'),
    ),
    Naming(
        kind='keras',
        title="Caffe's names in a Keras file",
        channel_order='bgr',
        stem='conv1/7x7_s2',
        classifier='classifier',
        layer=functools.partial(_caffe, stem='conv1/7x7_s2', norm='/bn'),
    ),
)


def convert_vggface2(
    source: str | Path,
    target: str | Path,
    force: bool = False,
    bn_eps: float = BN_EPS,
) -> dict:
    """Convert a published file of VGGFace2 into a teacher's checkpoint.

    The content decides which of the published files it is: ResNet-50 or
    SE-ResNet-50, with or without classifier, with or without the layer of the
    128- or 256-d embedding. The checkpoint is always for R, G, B input: the
    first kernel's input channels are reversed if the file's are B, G, R.

    Args:
        source (str | Path): The published file.
        target (str | Path): The checkpoint to write.
        force (bool): Whether to replace an existing one. Defaults to False.
        bn_eps (float): Epsilon of BatchNorm for the file's variances.
            VGGFace2's networks use 1e-5, the default, in every container.
            Another value is folded into the variances, ``running_var +
            bn_eps - 1e-5``, which gives the same outputs. keras-vggface's
            code uses 1e-3 (1e-4 for SE-ResNet), but also pads and pools
            differently. See docs/teachers.md.

    Returns:
        dict: The checkpoint's ``meta``.

    Raises:
        MissingFileError: If ``source`` does not exist.
        InputError: If it is not one of the published networks, is damaged or
            contains code, or if ``target`` exists.
    """
    source, target = check_paths(
        source,
        target,
        force,
        "one of VGGFace2's published files, see docs/teachers.md",
    )
    if not 0 < bn_eps < 1:
        raise InputError(
            where='--bn-eps',
            found=str(bn_eps),
            expected='a small positive number, such as 1e-5 or 1e-3',
        )
    kind, state = read_published(source)
    naming = _naming(kind, state, str(source))
    parts = _parts(state, naming)
    state = _to_own_names(state, naming, parts, str(source))
    if naming.channel_order != VGGFace2ResNet.channel_order:
        stem = 'backbone.conv1.weight'
        state[stem] = state[stem].flip(1)
    if bn_eps != BN_EPS:
        for key, value in state.items():
            if key.endswith('running_var'):
                # Gives equal outputs with BN_EPS.
                state[key] = (value.double() + (bn_eps - BN_EPS)).float()
    head = parts.get('head', {})
    meta = {
        'source_sha256': sha256_of(source),
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
    build = functools.partial(_build, parts)
    write_source(source, target, state, meta, build)
    return meta


def _naming(kind: str, state: dict[str, Tensor], where: str) -> Naming:
    """The naming of a file; refused in the container of another naming."""
    for naming in NAMINGS:
        if f'{naming.stem}.weight' not in state:
            continue
        if kind != naming.kind:
            raise InputError(
                where=where,
                found=f'a {kind} file with the names of {naming.title}; the '
                'order of its input channels is unknown',
                expected='a file as VGGFace2 published it',
            )
        return naming
    stems = ', '.join(f"'{naming.stem}.weight'" for naming in NAMINGS)
    raise InputError(
        where=where,
        found=f'weights named {sorted(state)[:3]}',
        expected=f"one of VGGFace2's published networks, with {stems}",
    )


def _parts(state: dict[str, Tensor], naming: Naming) -> dict[str, dict]:
    """Configs of the networks that the file holds."""
    squeeze = naming.name('backbone.layer1.0.se_layer.conv1.conv.weight')
    kind = 'VGGFace2SEResNet' if squeeze in state else 'VGGFace2ResNet'
    parts = {'backbone': dict(type=kind)}
    sizes = {}
    for argument, key in (
        ('num_classes', 'head.fc.weight'),
        ('embedding_dim', 'head.reduce.weight'),
    ):
        value = state.get(naming.name(key))
        known = value is not None and value.dim() > 0
        sizes[argument] = len(value) if known else None
    if any(sizes.values()):
        parts['head'] = dict(type='PooledClassifier', **sizes)
    return parts


def _build(parts: dict[str, dict]) -> dict[str, nn.Module]:
    return {name: MODELS.build(dict(cfg)) for name, cfg in parts.items()}


def _to_own_names(
    state: dict[str, Tensor],
    naming: Naming,
    parts: dict[str, dict],
    where: str,
) -> dict[str, Tensor]:
    """Rename a file's weights to ours, one to one.

    BatchNorm's ``num_batches_tracked`` and the bias before the embedding may
    be missing in the file and become 0. 1x1 convolutions on the pooled map
    become linear layers.
    """
    own = empty_state(functools.partial(_build, parts))
    names = {key: naming.name(key) for key in own}
    state = dict(state)
    for name in state.keys() & {names[k] for k in own if k.startswith('head')}:
        if state[name].shape[2:] == (1, 1):
            state[name] = state[name].flatten(1)
    found = mismatches(
        {names[key]: value for key, value in own.items()},
        state,
        [
            name
            for key, name in names.items()
            if key.endswith(('num_batches_tracked', 'reduce.bias'))
        ],
        most=12,
    )
    if found:
        kinds = ' and '.join(config['type'] for config in parts.values())
        raise InputError(
            where=where,
            found=found,
            expected=f'the weights of {kinds} under {naming.title}, as '
            'published',
        )
    return {
        key: state[names[key]].to(value.dtype)
        if names[key] in state
        else torch.zeros(value.shape, dtype=value.dtype)
        for key, value in own.items()
    }
