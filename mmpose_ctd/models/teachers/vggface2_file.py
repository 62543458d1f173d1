"""Reads the published files of VGGFace2's networks: pickle, torch, Keras.

Nothing in a file can run. A pickle is a program: the unpickler here replaces
the few names that arrays need by stand-ins and refuses all others.
"""

import math
import os
import pickle
import re
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mmpose_ctd.checkpoint_file import read_checkpoint
from mmpose_ctd.errors import InputError

_HDF5 = b'\x89HDF\r\n\x1a\n'
_ZIP = b'PK\x03\x04'
_GZIP = b'\x1f\x8b'
#: torch's older format: a pickle of this number comes first.
_TORCH_LEGACY = b'\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'
_EXPECTED = (
    "one of VGGFace2's published files (resnet50_ft_weight.pkl, "
    'resnet50_ft_dag.pth, rcmalli_vggface_tf_resnet50.h5 or one of their '
    'siblings)'
)
# layer / [BatchNorm /] [scope, which repeats them /] weight
_WEIGHT = re.compile(
    r'(?P<layer>conv1/7x7_s2|conv\d_\d_\w+|classifier)(?P<bn>/bn)?/'
    r'(?:.*/)?(?P<weight>\w+)(?::0)?'
)
_TORCH_NAMES = {
    'kernel': 'weight',
    'bias': 'bias',
    'gamma': 'weight',
    'beta': 'bias',
    'moving_mean': 'running_mean',
    'moving_variance': 'running_var',
}


def read_published(path: str | os.PathLike) -> tuple[str, dict[str, Tensor]]:
    """Read a published file of any of the three kinds.

    The first bytes decide the kind, not the name.

    Returns:
        tuple[str, dict[str, Tensor]]: ``'pickle'``, ``'torch'`` or
        ``'keras'``, and the weights in float32 under the file's own names.

    Raises:
        InputError: If the file is damaged, contains code, or is something
            else.
    """
    with open(path, 'rb') as file:
        head = file.read(32)
    strange = cure = ''
    if head.startswith(_HDF5):
        kind, state = 'keras', _read_keras(path)
    elif head.startswith(_ZIP) or _TORCH_LEGACY in head:
        kind = 'torch'
        state = read_checkpoint(
            path, 'The published file', f'Expected {_EXPECTED}'
        )
        if not isinstance(state, dict) or not all(
            isinstance(key, str) and isinstance(value, Tensor)
            for key, value in state.items()
        ):
            strange = 'a torch file, but not a plain state dict of tensors'
    elif not head or head.startswith((b'<', b'version https://git-lfs')):
        strange = 'a text' if head else 'an empty file'
    elif head.startswith(_GZIP):
        strange, cure = 'a compressed file', 'Unpack it first: tar xzf FILE'
    else:
        arrays = load_array_pickle(path)
        kind = 'pickle'
        state = {key: torch.from_numpy(a) for key, a in arrays.items()}
    if strange or not state:
        raise InputError(
            where=str(path),
            found=strange or 'no weights',
            expected=_EXPECTED,
            cure=cure,
        )
    # Integers, such as counters, stay.
    return kind, {
        key: value.detach().float() if value.is_floating_point() else value
        for key, value in state.items()
    }


def _read_keras(path: str | os.PathLike) -> dict[str, Tensor]:
    """Read the weights of ``rcmalli_vggface_tf_{resnet,senet}50.h5``.

    ``<layer>/<scope>/<weight>:0`` becomes ``<layer>.<weight>`` with torch's
    names and order of axes; a name of another form is kept. Files of
    ``save_weights`` and of ``save`` are read.
    """
    import h5py

    state: dict[str, Tensor] = {}

    def add(name: str, item) -> None:
        if not isinstance(item, h5py.Dataset):
            return
        if item.external or item.is_virtual or item.dtype.kind not in 'fiu':
            raise InputError(
                where=f'{path}: {name!r}',
                found=f'{item.dtype}, perhaps in another file',
                expected='numbers in the file itself',
            )
        key, value = name, torch.from_numpy(item[()])
        match = _WEIGHT.fullmatch(name)
        if match and match['weight'] in _TORCH_NAMES:
            layer = match['layer'] + (match['bn'] or '')
            key = f'{layer}.{_TORCH_NAMES[match["weight"]]}'
            if value.ndim == 4:
                value = value.permute(3, 2, 0, 1).contiguous()
            elif value.ndim == 2:
                value = value.T.contiguous()
        if key in state:
            raise InputError(
                where=f'{path}: {key!r}', found='the weight is there twice'
            )
        state[key] = value

    try:
        # Links to other files are not followed.
        with h5py.File(path, 'r') as file:
            file.get('model_weights', file).visititems(add)
    except InputError:
        raise
    # A damaged file may raise anything.
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(
            where=str(path),
            found=f'it cannot be read as a Keras file ({reason})',
            cure='If it is cut off or damaged, get it again.',
        ) from error
    return state


# ------------------------------------------------------ pickles of arrays

_KINDS = ('b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'f2', 'f4', 'f8')


class _StandIn:
    """Stands in for a name. A pickle's BUILD can change nothing of it."""

    __slots__ = ('_call',)

    def __init__(self, call: Callable) -> None:
        object.__setattr__(self, '_call', call)

    def __setattr__(self, name: str, value) -> None:
        raise pickle.UnpicklingError('it changes what it may only call')

    def __call__(self, *args):
        return self._call(*args)


class _DType:
    """A dtype of plain numbers: code and byte order."""

    __slots__ = ('value',)

    def __init__(self, code, align=False, copy=True) -> None:
        if code not in _KINDS:
            raise pickle.UnpicklingError(f'it holds values of type {code!r}')
        self.value = np.dtype(code)

    def __setstate__(self, state) -> None:
        if state[1] not in ('<', '>', '=', '|') or any(state[2:5]):
            raise pickle.UnpicklingError('it holds a type that is malformed')
        self.value = self.value.newbyteorder(state[1])


class _Array:
    """An array, filled by its pickled state."""

    __slots__ = ('value',)

    def __init__(self, *state) -> None:
        self.value = None

    def __setstate__(self, state) -> None:
        _, shape, dtype, fortran, data = state
        self.fill(data, dtype, shape, 'F' if fortran else 'C')

    def fill(self, data, dtype, shape, order: str) -> '_Array':
        if not isinstance(dtype, _DType):
            raise pickle.UnpicklingError('it holds an array without a type')
        # Python 2 had no bytes: read as latin1, they arrive as text.
        data = data.encode('latin1') if isinstance(data, str) else bytes(data)
        size = math.prod(shape) * dtype.value.itemsize
        if min(shape, default=1) < 0 or size != len(data):
            raise pickle.UnpicklingError(
                f'it holds {len(data)} bytes for an array of shape {shape}'
            )
        flat = np.frombuffer(data, dtype.value)
        # A copy in native byte order and C order.
        self.value = np.array(
            flat.reshape(shape, order=order),
            dtype.value.newbyteorder('='),
            order='C',
        )
        return self


def _encode(text, encoding):
    """How Python 3 writes bytes into the older protocols."""
    if encoding != 'latin1':
        raise pickle.UnpicklingError(f'it holds text in {encoding!r}')
    return str.encode(text, 'latin1')


def _refuse_call(*args):
    raise pickle.UnpicklingError('it calls what is no function')


_NAMES = {
    ('numpy', 'ndarray'): _StandIn(_refuse_call),
    ('numpy', 'dtype'): _StandIn(_DType),
    ('_codecs', 'encode'): _StandIn(_encode),
    ('collections', 'OrderedDict'): _StandIn(lambda pairs=(): dict(pairs)),
}
# numpy 1 writes numpy.core, numpy 2 numpy._core.
for _core in ('core', '_core'):
    _NAMES |= {
        (f'numpy.{_core}.multiarray', '_reconstruct'): _StandIn(_Array),
        (f'numpy.{_core}.numeric', '_frombuffer'): _StandIn(
            lambda *state: _Array().fill(*state)
        ),
    }


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str):
        if (module, name) not in _NAMES:
            raise pickle.UnpicklingError(f'it asks for {module}.{name}')
        return _NAMES[module, name]


def load_array_pickle(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read a pickled dictionary of numpy arrays, of Python 2 or 3.

    Returns:
        dict[str, ndarray]: Arrays of numbers, by name; copies.

    Raises:
        InputError: If the file contains anything but a dictionary of arrays
            of numbers, or is cut off, or is not a pickle. Nothing in it runs.
    """
    try:
        with open(path, 'rb') as file:
            content = _ArrayUnpickler(file, encoding='latin1').load()
        if not isinstance(content, dict):
            kind = type(content).__name__.lstrip('_')
            raise pickle.UnpicklingError(f'it holds a {kind}')
        arrays = {}
        for key, value in content.items():
            if not isinstance(key, str) or not isinstance(value, _Array):
                kind = type(value).__name__.lstrip('_')
                raise pickle.UnpicklingError(f'{key!r} is a {kind}')
            if value.value is None:
                raise pickle.UnpicklingError(f'{key!r} has no values')
            arrays[key] = value.value
    except OSError:
        raise
    # A damaged pickle may raise anything.
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(
            where=str(path),
            found=f'refused without running it ({reason})',
            expected='a pickle with only a dictionary of numpy arrays',
            cure='If it is cut off or damaged, get it again. If it asks for '
            'anything else than arrays, do not trust it.',
        ) from error
    return arrays
