"""Reads the weights of a TensorFlow.js model; runs nothing of it."""

import json
import math
from pathlib import Path

import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError

_DTYPES = {'float32': np.dtype('<f4'), 'int32': np.dtype('<i4')}


def read_tfjs_weights(model: str | Path) -> dict[str, np.ndarray]:
    """Read the arrays that a TensorFlow.js model file lists.

    The model's JSON names files of its own folder, in which the arrays
    follow each other without gaps. Format: ``weightsManifest`` of
    TensorFlow.js, https://github.com/tensorflow/tfjs/tree/master/tfjs-core.

    Returns:
        dict[str, np.ndarray]: Arrays by name, as TensorFlow orders their
        axes: (height, width, in, out) of a convolution.

    Raises:
        MissingFileError: If a file does not exist.
        InputError: If the file is not such a model, its arrays are not plain
            float32 or int32, or the files have another length.
    """
    model = Path(model)
    try:
        groups = json.loads(model.read_bytes())['weightsManifest']
        listed = [
            (
                [str(path) for path in group['paths']],
                [
                    (
                        str(entry['name']),
                        tuple(int(n) for n in entry['shape']),
                        str(entry.get('quantization') or entry['dtype']),
                    )
                    for entry in group['weights']
                ],
            )
            for group in groups
        ]
    except FileNotFoundError:
        raise MissingFileError(
            where=str(model), found='no such file'
        ) from None
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(
            where=str(model),
            found=f'not a TensorFlow.js model ({error!r:.80})',
            expected='JSON with a weightsManifest',
        ) from None
    arrays = {}
    for paths, entries in listed:
        arrays |= _arrays(model, _content(model, paths), entries)
    return arrays


def _content(model: Path, paths: list[str]) -> bytes:
    """The bytes of the group's files, which lie in the model's folder."""
    for path in paths:
        if Path(path).name != path:
            raise InputError(
                where=str(model),
                found=f'weights in {path!r}',
                expected="names of files in the model's folder",
            )
        if not (model.parent / path).is_file():
            raise MissingFileError(
                where=str(model.parent / path),
                found='no such file',
                expected=f'the weights that {model.name} names',
            )
    return b''.join((model.parent / path).read_bytes() for path in paths)


def _arrays(
    model: Path, content: bytes, entries: list[tuple]
) -> dict[str, np.ndarray]:
    arrays, start = {}, 0
    for name, shape, dtype in entries:
        if dtype not in _DTYPES or min(shape, default=1) < 0:
            raise InputError(
                where=f'{model}: {name}',
                found=f'{dtype} of shape {shape}',
                expected='an array of float32 or int32, not quantized',
            )
        end = start + math.prod(shape) * _DTYPES[dtype].itemsize
        data = content[start:end]
        if len(data) < end - start:
            break
        arrays[name] = np.frombuffer(data, _DTYPES[dtype]).reshape(shape)
        start = end
    if start != len(content) or len(arrays) != len(entries):
        raise InputError(
            where=str(model),
            found=f'its weight files have {len(content)} bytes',
            expected='exactly the arrays that it lists',
            cure='Download the files again.',
        )
    return arrays
