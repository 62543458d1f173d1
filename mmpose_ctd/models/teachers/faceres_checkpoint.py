"""Converts FaceRes into a checkpoint of this package."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmpose_ctd.errors import InputError, listed
from mmpose_ctd.models.backbones.faceres_net import FaceResNet

from .checkpoint_writer import check_paths, source_meta, write_source
from .tfjs_file import read_tfjs_weights

#: Raised by one when the keys of the written file change.
CONVERTER_VERSION = 1
PUBLISHED = dict(
    sha256='b0ea2cc4805891a0f22dc57b06b57806b967831305c40818400fda40aec341f4',
    source='FaceRes (human-models 3.0.4)',
    license='MIT; VGGFace2 itself was published for research only',
)


def convert_faceres(
    source: str | Path, target: str | Path, force: bool = False
) -> dict:
    """Convert the published TensorFlow.js files into a checkpoint.

    The age and gender heads are left out: the mean over positions of the
    last map is the embedding. The checkpoint is tested before it is written,
    see :func:`.write_source`.

    Args:
        source (str | Path): The weights, ``faceres-deep.bin``; the model,
            ``faceres-deep.json``, lies in the same folder.
        target (str | Path): The checkpoint to write.
        force (bool): Whether to replace an existing one. Defaults to False.

    Returns:
        dict: The checkpoint's ``meta``.

    Raises:
        MissingFileError: If a file does not exist.
        InputError: If it is not this network, or ``target`` exists.
    """
    source, target = check_paths(
        source,
        target,
        force,
        'faceres-deep.bin, which `mmpose_ctd download faceres` gets',
    )
    model = source.with_suffix('.json')
    state = faceres_state(read_tfjs_weights(model), str(model))
    meta = source_meta(
        FaceResNet,
        source,
        PUBLISHED,
        converter='faceres',
        converter_version=CONVERTER_VERSION,
    )
    write_source(
        source,
        target,
        {f'backbone.{key}': value for key, value in state.items()},
        meta,
        lambda: {'backbone': FaceResNet()},
        FaceResNet.input_size,
    )
    return meta


def faceres_state(
    arrays: dict[str, np.ndarray], where: str
) -> dict[str, Tensor]:
    """The state dict of :class:`.FaceResNet` from the published arrays.

    Args:
        arrays (dict[str, np.ndarray]): Kernels (height, width, in, out), the
            scales of the depthwise BatchNorms, biases.
        where (str): The file, for errors.

    Raises:
        InputError: If an array is missing, or has another shape.
    """
    own = FaceResNet().state_dict()
    state = {}
    for (name, kind), prefix in _units():
        norm = f'{name}_bn/batchnorm_1'
        if kind == 'depthwise':
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
        axes = (2, 3, 0, 1) if kind == 'depthwise' else (3, 2, 0, 1)
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
        state[f'{prefix}.conv.weight'] = kernel.contiguous()
        state[f'{prefix}.conv.bias'] = bias
    return state


def _units():
    """Names of the published units, and of ours."""
    yield ('conv1', 'full'), 'stem.0'
    places = ['stem.1'] + [
        f'stage{stage + 1}.{unit}'
        for stage, units in enumerate(FaceResNet._stage_units)
        for unit in range(units)
    ]
    for number, place in enumerate(places, 1):
        yield (f'conv_dw_{number}', 'depthwise'), f'{place}.depthwise'
        yield (f'conv_pw_{number}', 'full'), f'{place}.pointwise'
