"""Reads a pickle of numpy arrays without running code from it.

A pickle is a program. This unpickler replaces the few names that arrays and
dictionaries need by stand-ins and refuses all others: not even numpy's own
functions can be called.
"""

import math
import os
import pickle

import numpy as np

from mmpose_ctd.errors import InputError

__all__ = ['load_array_pickle']

_KINDS = ('b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'f2', 'f4', 'f8')


class _StandIn:
    """Stands in for a name. It has no dictionary and no slots, which a
    pickle's BUILD could change."""

    __slots__ = ()

    def __call__(self, *args):
        raise pickle.UnpicklingError('it calls what is no function')


class _DType:
    """A dtype of plain numbers: code and byte order."""

    __slots__ = ('_value',)

    def __init__(self, code) -> None:
        if code not in _KINDS:
            raise pickle.UnpicklingError(f'it holds values of type {code!r}')
        self._value = np.dtype(code)

    def __setstate__(self, state) -> None:
        if state[1] not in ('<', '>', '=', '|') or any(state[2:5]):
            raise pickle.UnpicklingError('it holds a type that is malformed')
        self._value = self._value.newbyteorder(state[1])

    @property
    def value(self) -> np.dtype:
        return self._value


class _Array:
    """An array, filled by its pickled state."""

    __slots__ = ('_value',)

    def __init__(self) -> None:
        self._value = None

    def fill(self, data, dtype, shape, order: str) -> None:
        if not isinstance(dtype, _DType):
            raise pickle.UnpicklingError('it holds an array without a type')
        # Python 2 had no bytes: read as latin1, they arrive as text.
        data = data.encode('latin1') if isinstance(data, str) else bytes(data)
        count = math.prod(shape)
        if min(shape, default=1) < 0 or (
            count * dtype.value.itemsize != len(data)
        ):
            raise pickle.UnpicklingError(
                f'it holds {len(data)} bytes for an array of shape {shape}'
            )
        flat = np.frombuffer(data, dtype.value)
        # A copy in native byte order and C order.
        self._value = np.array(
            flat.reshape(shape, order=order),
            dtype.value.newbyteorder('='),
            order='C',
        )

    def __setstate__(self, state) -> None:
        _, shape, dtype, fortran, data = state
        self.fill(data, dtype, shape, 'F' if fortran else 'C')

    @property
    def value(self) -> np.ndarray:
        if self._value is None:
            raise pickle.UnpicklingError('it holds an array without values')
        return self._value


class _MakeDType(_StandIn):
    __slots__ = ()

    def __call__(self, code, align=False, copy=True):
        return _DType(code)


class _Reconstruct(_StandIn):
    __slots__ = ()

    def __call__(self, kind, shape, code):
        return _Array()


class _FromBuffer(_StandIn):
    __slots__ = ()

    def __call__(self, data, dtype, shape, order):
        array = _Array()
        array.fill(data, dtype, shape, 'F' if order == 'F' else 'C')
        return array


class _Encode(_StandIn):
    """How Python 3 writes bytes into the older protocols."""

    __slots__ = ()

    def __call__(self, text, encoding):
        if encoding != 'latin1':
            raise pickle.UnpicklingError(f'it holds text in {encoding!r}')
        return str.encode(text, 'latin1')


class _OrderedDict(_StandIn):
    __slots__ = ()

    def __call__(self, pairs=()):
        return {key: value for key, value in pairs}  # noqa: C416


_NAMES = {
    ('numpy', 'ndarray'): _StandIn(),
    ('numpy', 'dtype'): _MakeDType(),
    ('_codecs', 'encode'): _Encode(),
    ('collections', 'OrderedDict'): _OrderedDict(),
}
# numpy 1 writes numpy.core, numpy 2 numpy._core.
for _core in ('core', '_core'):
    _NAMES[f'numpy.{_core}.multiarray', '_reconstruct'] = _Reconstruct()
    _NAMES[f'numpy.{_core}.numeric', '_frombuffer'] = _FromBuffer()


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
