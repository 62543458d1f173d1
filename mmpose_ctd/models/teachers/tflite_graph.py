"""Reads the network in a tflite file, without TensorFlow.

A tflite file is a flatbuffer. Only the tables and operators that published
face networks use are read (schema.fbs of TensorFlow 2).
"""

import struct
from typing import NamedTuple

import numpy as np

from mmpose_ctd.errors import InputError

_IDENTIFIER = b'TFL3'
#: Codes of BuiltinOperator.
_OPERATORS = {
    0: 'ADD',
    3: 'CONV_2D',
    4: 'DEPTHWISE_CONV_2D',
    6: 'DEQUANTIZE',
    14: 'LOGISTIC',
    17: 'MAX_POOL_2D',
    22: 'RESHAPE',
    34: 'PAD',
    54: 'PRELU',
}
#: Codes of TensorType; numbers are little-endian.
_TYPES = {0: '<f4', 1: '<f2', 2: '<i4', 3: '<u1', 4: '<i8', 9: '<i1'}
_PADDINGS = {0: 'SAME', 1: 'VALID'}
#: Name, format and default of each option, in the order of its table.
_STRIDES = (('stride_w', '<i', 0), ('stride_h', '<i', 0))
_ACTIVATION = ('activation', '<b', 0)
_DILATIONS = (('dilation_w', '<i', 1), ('dilation_h', '<i', 1))
_OPTIONS = {
    'CONV_2D': (('padding', '<b', 0), *_STRIDES, _ACTIVATION, *_DILATIONS),
    'DEPTHWISE_CONV_2D': (
        ('padding', '<b', 0),
        *_STRIDES,
        ('multiplier', '<i', 0),
        _ACTIVATION,
        *_DILATIONS,
    ),
    'MAX_POOL_2D': (
        ('padding', '<b', 0),
        *_STRIDES,
        ('filter_w', '<i', 0),
        ('filter_h', '<i', 0),
        _ACTIVATION,
    ),
    'ADD': (_ACTIVATION,),
}


class TfliteTensor(NamedTuple):
    """An input, a weight or an intermediate result."""

    #: Maps are (N, H, W, C).
    shape: tuple[int, ...]
    #: As numpy writes it, such as ``'<f4'``.
    dtype: str
    #: The bytes of a constant; empty for others.
    data: memoryview


class TfliteOperator(NamedTuple):
    """One step of the graph."""

    #: Such as ``'CONV_2D'``; ``'operator 99'`` if not known.
    kind: str
    #: Numbers of tensors; -1 is an omitted one.
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    #: Those of its kind among ``padding`` (``'SAME'`` or ``'VALID'``),
    #: ``stride``, ``dilation`` and ``filter`` (vertical, horizontal),
    #: ``activation`` (0: without) and ``multiplier``.
    options: dict


class TfliteGraph(NamedTuple):
    """The network of a tflite file."""

    tensors: list[TfliteTensor]
    #: Numbers of the tensors to fill, and of the results.
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    #: In the order in which they run, without the ``DEQUANTIZE`` of weights.
    operators: list[TfliteOperator]
    #: Numbers of float32 weights -> those of the stored float16.
    dequantized: dict[int, int]
    where: str

    def constant(self, number: int) -> np.ndarray | None:
        """The value of a tensor that the file stores; None if it is computed.

        A float16 weight that ``DEQUANTIZE`` turns into float32 is the
        constant behind that operator.

        Raises:
            InputError: If the stored bytes do not fill its shape.
        """
        tensor = self.tensors[self.dequantized.get(number, number)]
        if number < 0 or not len(tensor.data):
            return None
        try:
            array = np.frombuffer(tensor.data, tensor.dtype)
            array = array.reshape([max(side, 0) for side in tensor.shape])
        except ValueError as error:
            raise _damaged(self.where, error) from None
        return array.astype('f4') if number in self.dequantized else array


def read_tflite(data: bytes, where: str = 'a tflite file') -> TfliteGraph:
    """Read the first subgraph.

    A malformed file is refused, and nothing outside ``data`` is read. Weights
    are decoded by :meth:`TfliteGraph.constant` only.

    Raises:
        InputError: If it is not a tflite file, or is damaged.
    """
    if data[4:8] != _IDENTIFIER:
        raise InputError(
            where=where,
            found=f'not a tflite file ({len(data)} bytes, beginning '
            f'{data[:16]!r})',
            expected=f'{_IDENTIFIER!r} after its first four bytes',
        )
    try:
        return _graph(_Table(memoryview(data), 0).follow(0), where)
    # A wrong offset, length or number.
    except (struct.error, LookupError, ValueError) as error:
        raise _damaged(where, error) from None


def _damaged(where: str, error: Exception) -> InputError:
    return InputError(
        where=where,
        found=f'a damaged tflite file: {error}',
        cure='Get the file again.',
    )


class _Table:
    """A table of a flatbuffer, ``at`` a place in its bytes."""

    def __init__(self, data: memoryview, at: int) -> None:
        self.data, self.at = data, at

    def number(self, form: str, at: int) -> int:
        return struct.unpack_from(form, self.data, at)[0]

    def follow(self, at: int) -> '_Table':
        """The table that the offset at this place leads to."""
        return _Table(self.data, at + self.number('<I', at))

    def place(self, index: int) -> int:
        """Of a field; 0 if it is not set."""
        layout = self.at - self.number('<i', self.at)
        entry = 4 + 2 * index
        if entry + 2 > self.number('<H', layout):
            return 0
        start = self.number('<H', layout + entry)
        return self.at + start if start else 0

    def scalar(self, index: int, form: str, default: int = 0) -> int:
        at = self.place(index)
        return self.number(form, at) if at else default

    def vector(self, index: int) -> tuple[int, int]:
        """Place and length of a field's items."""
        at = self.place(index)
        if not at:
            return 0, 0
        at = self.follow(at).at
        return at + 4, self.number('<I', at)

    def numbers(self, index: int) -> tuple[int, ...]:
        at, length = self.vector(index)
        return struct.unpack_from(f'<{length}i', self.data, at)

    def tables(self, index: int) -> list['_Table']:
        at, length = self.vector(index)
        return [self.follow(at + 4 * i) for i in range(length)]

    def bytes(self, index: int) -> memoryview:
        at, length = self.vector(index)
        return self.data[at : at + length]


def _graph(model: _Table, where: str) -> TfliteGraph:
    # Codes up to 126 are in the older, shorter field as well.
    codes = [
        max(c.scalar(0, '<b'), c.scalar(3, '<i')) for c in model.tables(1)
    ]
    main, buffers = model.tables(2)[0], model.tables(4)
    tensors = [
        TfliteTensor(
            table.numbers(0),
            _TYPES[table.scalar(1, '<b')],
            buffers[table.scalar(2, '<I')].bytes(0),
        )
        for table in main.tables(0)
    ]
    operators = [_operator(table, codes) for table in main.tables(3)]
    inputs, outputs = main.numbers(1), main.numbers(2)
    used = [inputs, outputs]
    used += [numbers for o in operators for numbers in (o.inputs, o.outputs)]
    for number in (n for numbers in used for n in numbers):
        if not -1 <= number < len(tensors):
            raise ValueError(f'it has no tensor {number}')
    dequantized = {
        o.outputs[0]: o.inputs[0]
        for o in operators
        if o.kind == 'DEQUANTIZE'
        and len(o.inputs) == len(o.outputs) == 1
        and tensors[o.inputs[0]].dtype == '<f2'
        and len(tensors[o.inputs[0]].data)
    }
    return TfliteGraph(
        tensors,
        inputs,
        outputs,
        [o for o in operators if not set(o.outputs) & set(dequantized)],
        dequantized,
        where,
    )


def _operator(table: _Table, codes: list[int]) -> TfliteOperator:
    code = codes[table.scalar(0, '<I')]
    kind, found = _OPERATORS.get(code, f'operator {code}'), {}
    for index, (name, form, default) in enumerate(_OPTIONS.get(kind, ())):
        found[name] = default
        if table.place(4):
            options = table.follow(table.place(4))
            found[name] = options.scalar(index, form, default)
    if 'padding' in found:
        found['padding'] = _PADDINGS[found['padding']]
    for name in ('stride', 'dilation', 'filter'):
        if f'{name}_h' in found:
            found[name] = found.pop(f'{name}_h'), found.pop(f'{name}_w')
    return TfliteOperator(kind, table.numbers(1), table.numbers(2), found)
