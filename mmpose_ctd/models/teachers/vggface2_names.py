"""The names that VGGFace2's networks are published under, and ours."""

import re
from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn

from mmpose_ctd.errors import InputError

__all__ = ['NAMINGS', 'Naming', 'to_own_names']

_BLOCK = re.compile(r'layer(\d)\.(\d+)\.(.+)')
#: Layers of a block: ours -> Caffe's, which MatConvNet and Keras kept.
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


class Naming(NamedTuple):
    """How one kind of published file names its layers.

    Attributes:
        kind (str): The container that it is published in: ``'pickle'``,
            ``'torch'`` or ``'keras'``.
        title (str): The same for people.
        channel_order (str): Order of the input channels, ``'rgb'`` or
            ``'bgr'``.
        stem (str): Name of the first convolution.
        classifier (str): Name of the last layer.
        layer (Callable): A layer of our backbone -> the file's.
    """

    kind: str
    title: str
    channel_order: str
    stem: str
    classifier: str
    layer: Callable[[str], str]

    def name(self, key: str) -> str:
        """The file's name for a key of ours, ``backbone.*`` or ``head.*``."""
        part, _, rest = key.partition('.')
        layer, _, weight = rest.rpartition('.')
        if part == 'backbone':
            layer = self.layer(layer)
        else:
            layer = {'fc': self.classifier, 'reduce': 'feat_extract'}[layer]
        return f'{layer}.{weight}'


def _torchvision(layer: str) -> str:
    """torchvision's names are ours, but for squeeze and excitation."""
    layer = layer.replace('se_layer.conv1.conv', 'conv4')
    return layer.replace('se_layer.conv2.conv', 'conv5')


def _caffe(stem: str, norm: str) -> Callable[[str], str]:
    """Caffe's names, with ``norm`` appended for a layer's BatchNorm."""

    def name(layer: str) -> str:
        match = _BLOCK.fullmatch(layer)
        if not match:
            return stem + (norm if layer == 'bn1' else '')
        stage, block, inner = int(match[1]), int(match[2]), match[3]
        suffix = norm if inner in _NORMALISED else ''
        inner = _CAFFE_BLOCK[_NORMALISED.get(inner, inner)]
        return f'conv{stage + 1}_{block + 1}_{inner}{suffix}'

    return name


NAMINGS = (
    Naming(
        'pickle',
        "torchvision's names in a pickle",
        'bgr',
        'conv1',
        'fc',
        _torchvision,
    ),
    Naming(
        'torch',
        "MatConvNet's names in a torch file (dag)",
        'rgb',
        'conv1_7x7_s2',
        'classifier',
        _caffe('conv1_7x7_s2', '_bn'),
    ),
    Naming(
        'keras',
        "Caffe's names in a Keras file",
        'bgr',
        'conv1/7x7_s2',
        'classifier',
        _caffe('conv1/7x7_s2', '/bn'),
    ),
)


def to_own_names(
    state: dict[str, Tensor], naming: Naming, networks: dict[str, nn.Module]
) -> dict[str, Tensor]:
    """Give a file's weights our names, one to one.

    Two things may be absent, as they add nothing: BatchNorm's
    ``num_batches_tracked``, which only training counts (0 is written), and
    the bias of the layer before the embedding, which the published ones do
    not have (zeros are written). 1x1 convolutions on the pooled map become
    linear layers.

    Args:
        state (dict[str, Tensor]): The file's weights.
        naming (Naming): How it names them.
        networks (dict[str, nn.Module]): ``backbone`` and perhaps ``head``.

    Returns:
        dict[str, Tensor]: Every key of ``networks``, with its part's name
        in front.

    Raises:
        InputError: Lists what is missing, left over or of another shape.
    """
    own = {
        f'{part}.{key}': value
        for part, network in networks.items()
        for key, value in network.state_dict().items()
    }
    filled, missing, misshapen = {}, [], []
    for key, value in own.items():
        name = naming.name(key)
        found = state.get(name)
        if found is None:
            if not key.endswith(('num_batches_tracked', 'reduce.bias')):
                missing.append(name)
            filled[key] = value.new_zeros(value.shape, device='cpu')
            continue
        if key.startswith('head.') and found.shape[2:] == (1, 1):
            found = found.flatten(1)
        if found.shape != value.shape:
            shapes = f'{tuple(found.shape)}, not {tuple(value.shape)}'
            misshapen.append(f'{name} {shapes}')
        filled[key] = found.to(value.dtype)
    names = {naming.name(key) for key in own}
    faults = {
        'missing in the file': missing,
        'left over in it': [name for name in state if name not in names],
        'of another shape': misshapen,
    }
    if any(faults.values()):
        told = '; '.join(
            f'{len(keys)} {fault}: {_listed(keys)}'
            for fault, keys in faults.items()
            if keys
        )
        kinds = ' and '.join(type(n).__name__ for n in networks.values())
        raise InputError(
            f'its weights are not those of {kinds} under {naming.title}: '
            f'{told}. Expected a file as it was published'
        )
    return filled


def _listed(names: list[str], most: int = 12) -> str:
    more = len(names) - most
    return ', '.join(names[:most]) + (f' and {more} more' if more > 0 else '')
