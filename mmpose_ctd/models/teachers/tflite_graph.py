"""Reads the network in a tflite file, without TensorFlow.

A tflite file is a flatbuffer. Only the tables and operators that published
face networks use are read (schema.fbs of TensorFlow 2).
"""

import math
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

    name: str
    #: Maps are (N, H, W, C).
    shape: tuple[int, ...]
    #: As numpy writes it, such as ``'<f4'``.
    dtype: str
    #: The bytes of a constant; empty for others.
    data: memoryview


class TfliteOperator(NamedTuple):
    """One step of the graph.

    Attributes:
        kind (str): Such as ``'CONV_2D'``; ``'operator 99'`` if not known.
        inputs (tuple[int]): Numbers of tensors; -1 is an omitted one.
        outputs (tuple[int]): Numbers of tensors.
        options (dict): ``padding`` (``'SAME'`` or ``'VALID'``), ``stride``,
            ``dilation`` and ``filter`` (vertical, horizontal),
            ``activation`` (0: without), ``multiplier``: those of its kind.
    """

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict


class TfliteGraph(NamedTuple):
    """The network of a tflite file.

    Attributes:
        tensors (list[TfliteTensor]): All tensors, by number.
        inputs (tuple[int]): Numbers of the tensors to fill.
        outputs (tuple[int]): Numbers of the results.
        operators (list[TfliteOperator]): In the order in which they run,
            without the ``DEQUANTIZE`` of weights; see :meth:`constant`.
    """

    tensors: list[TfliteTensor]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
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
        if not len(tensor.data):
            return None
        size = np.dtype(tensor.dtype).itemsize * math.prod(tensor.shape)
        if len(tensor.data) != size:
            raise InputError(
                where=f'{self.where}: tensor {tensor.name!r}',
                found=f'{len(tensor.data)} bytes',
                expected=f'{size} for {tensor.shape} of {tensor.dtype}',
            )
        array = np.frombuffer(tensor.data, tensor.dtype).reshape(tensor.shape)
        return array.astype('f4') if number in self.dequantized else array


def read_tflite(data: bytes, where: str = 'a tflite file') -> TfliteGraph:
    """Read the first subgraph.

    Every offset is checked, so that a malformed file is refused and nothing
    outside ``data`` is read. Weights are decoded by
    :meth:`TfliteGraph.constant` only.

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
        return _graph(_Bytes(memoryview(data)), where)
    except _DamagedError as error:
        raise InputError(
            where=where,
            found=f'a damaged tflite file: {error}',
            cure='Get the file again.',
        ) from None


class _DamagedError(Exception):
    """What is wrong with the bytes."""


class _Bytes:
    """Scalars, vectors and tables of a flatbuffer, with checked offsets."""

    def __init__(self, data: memoryview) -> None:
        self.data = data

    def number(self, form: str, at: int) -> int:
        if not 0 <= at <= len(self.data) - struct.calcsize(form):
            raise _DamagedError(f'it points to byte {at} of {len(self.data)}')
        return struct.unpack_from(form, self.data, at)[0]

    def follow(self, at: int) -> int:
        """Where the offset at this place leads."""
        return at + self.number('<I', at)

    def field(self, table: int, index: int) -> int:
        """The place of a table's field; 0 if it is not set."""
        layout = table - self.number('<i', table)
        entry = 4 + 2 * index
        if entry + 2 > self.number('<H', layout):
            return 0
        start = self.number('<H', layout + entry)
        return table + start if start else 0

    def scalar(self, table: int, index: int, form: str, default: int) -> int:
        at = self.field(table, index)
        return self.number(form, at) if at else default

    def vector(self, table: int, index: int, size: int) -> tuple[int, int]:
        """Place and length of a vector of items of ``size`` bytes."""
        at = self.field(table, index)
        if not at:
            return 0, 0
        at = self.follow(at)
        length = self.number('<I', at)
        if length * size > len(self.data) - at - 4:
            raise _DamagedError(f'a list of {length} items does not fit in')
        return at + 4, length

    def numbers(self, table: int, index: int) -> tuple[int, ...]:
        at, length = self.vector(table, index, 4)
        return struct.unpack_from(f'<{length}i', self.data, at)

    def tables(self, table: int, index: int) -> list[int]:
        at, length = self.vector(table, index, 4)
        return [self.follow(at + 4 * i) for i in range(length)]

    def bytes(self, table: int, index: int) -> memoryview:
        at, length = self.vector(table, index, 1)
        return self.data[at : at + length]


def _graph(file: _Bytes, where: str) -> TfliteGraph:
    model = file.follow(0)
    codes = [
        # Codes up to 126 are in the older, shorter field as well.
        max(file.scalar(c, 0, '<b', 0), file.scalar(c, 3, '<i', 0))
        for c in file.tables(model, 1)
    ]
    subgraphs = file.tables(model, 2)
    if not subgraphs:
        raise _DamagedError('it has no network')
    main, buffers = subgraphs[0], file.tables(model, 4)
    tensors = [_tensor(file, table, buffers) for table in file.tables(main, 0)]
    operators = [_operator(file, t, codes) for t in file.tables(main, 3)]
    inputs, outputs = file.numbers(main, 1), file.numbers(main, 2)
    used = [inputs, outputs]
    used += [numbers for o in operators for numbers in (o.inputs, o.outputs)]
    for number in (n for numbers in used for n in numbers):
        if not -1 <= number < len(tensors):
            raise _DamagedError(f'it has no tensor {number}')
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


def _tensor(file: _Bytes, table: int, buffers: list[int]) -> TfliteTensor:
    code = file.scalar(table, 1, '<b', 0)
    number = file.scalar(table, 2, '<I', 0)
    name = bytes(file.bytes(table, 3)).decode(errors='replace')
    shape = file.numbers(table, 0)
    if code not in _TYPES:
        raise _DamagedError(f'tensor {name!r} is of the unknown type {code}')
    if number >= len(buffers):
        raise _DamagedError(f'tensor {name!r} has no buffer {number}')
    if any(side < 0 for side in shape):
        raise _DamagedError(f'tensor {name!r} has the shape {shape}')
    data = file.bytes(buffers[number], 0)
    return TfliteTensor(name, shape, _TYPES[code], data)


def _operator(file: _Bytes, table: int, codes: list[int]) -> TfliteOperator:
    number = file.scalar(table, 0, '<I', 0)
    if number >= len(codes):
        raise _DamagedError(f'an operator has the number {number}')
    code = codes[number]
    kind = _OPERATORS.get(code, f'operator {code}')
    place, found = file.field(table, 4), {}
    wanted = _OPTIONS.get(kind, ())
    if wanted and not place:
        raise _DamagedError(f'{kind} has no settings')
    options = file.follow(place) if wanted else 0
    for index, (name, form, default) in enumerate(wanted):
        found[name] = file.scalar(options, index, form, default)
    if 'padding' in found:
        found['padding'] = _PADDINGS.get(found['padding'], 'unknown')
    for name in ('stride', 'dilation', 'filter'):
        if f'{name}_h' in found:
            found[name] = found.pop(f'{name}_h'), found.pop(f'{name}_w')
    inputs, outputs = file.numbers(table, 1), file.numbers(table, 2)
    return TfliteOperator(kind, inputs, outputs, found)
