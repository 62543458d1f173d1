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
    model, arrays = Path(model), {}
    try:
        for group in json.loads(model.read_bytes())['weightsManifest']:
            if any(Path(path).name != path for path in group['paths']):
                raise ValueError('weights in another folder')
            files = (model.parent / path for path in group['paths'])
            content = memoryview(b''.join(map(Path.read_bytes, files)))
            for entry in group['weights']:
                dtype = _DTYPES[entry.get('quantization') or entry['dtype']]
                shape = [int(side) for side in entry['shape']]
                if min(shape, default=0) < 0:
                    raise ValueError(f'a shape {shape}')
                size = math.prod(shape) * dtype.itemsize
                array = np.frombuffer(content[:size], dtype).reshape(shape)
                arrays[str(entry['name'])] = array
                content = content[size:]
            if content:
                raise ValueError(f'{len(content)} bytes too many')
    except FileNotFoundError as error:
        raise MissingFileError(
            where=error.filename, found='no such file'
        ) from None
    # What a malformed file makes of the lines above.
    except (
        AttributeError,
        ValueError,
        LookupError,
        TypeError,
        RecursionError,
    ) as error:
        raise InputError(
            where=str(model),
            found=f'not a whole TensorFlow.js model ({error!r:.80})',
            expected='JSON with a weightsManifest, and exactly the arrays of '
            'float32 or int32 that it lists',
            cure='Download the files again.',
        ) from None
    return arrays
