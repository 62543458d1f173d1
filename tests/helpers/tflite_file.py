"""Writes tflite files with Google's flatbuffers, and a face landmarker.

Written from TensorFlow's schema.fbs and the published graph, not from this
package's reader and layers.
"""

import functools
import io
import zipfile

import flatbuffers
import numpy as np

CODES = {
    'ADD': 0,
    'CONV_2D': 3,
    'DEPTHWISE_CONV_2D': 4,
    'DEQUANTIZE': 6,
    'LOGISTIC': 14,
    'MAX_POOL_2D': 17,
    'RESHAPE': 22,
    'PAD': 34,
    'PRELU': 54,
}
#: Number of an operator's settings in the schema's union of them.
UNION = {'CONV_2D': 1, 'DEPTHWISE_CONV_2D': 2, 'MAX_POOL_2D': 5, 'ADD': 11}
SAME, VALID = 0, 1


class TfliteWriter:
    """Collects tensors and operators, then writes the file."""

    def __init__(self) -> None:
        self.tensors, self.operators = [], []

    def tensor(self, shape, data=None) -> int:
        """Add a tensor; a float32 result, or the constant ``data``."""
        self.tensors.append((tuple(shape), data))
        return len(self.tensors) - 1

    def constant(self, data, half: bool = True) -> int:
        """A weight, stored in float16 behind a DEQUANTIZE."""
        data = np.asarray(data)
        if not half or data.dtype.kind == 'i':
            return self.tensor(data.shape, data)
        stored = self.tensor(data.shape, data.astype(np.float16))
        return self.add('DEQUANTIZE', [stored], data.shape)

    def add(self, kind: str, inputs, shape, settings=()) -> int:
        """Add an operator; its result's number.

        Args:
            kind (str): A key of ``CODES``.
            inputs (list[int]): Numbers of tensors.
            shape (tuple): Of the result.
            settings (Sequence): (index, 'Int8' or 'Int32', value) of its
                table.
        """
        out = self.tensor(shape)
        self.operators.append((kind, list(inputs), [out], settings))
        return out

    def bytes(self, inputs, outputs) -> bytes:
        b = flatbuffers.Builder(1 << 20)

        def table(fields):
            b.StartObject(len(fields))
            for index, (kind, value) in enumerate(fields):
                if kind is not None:
                    getattr(b, f'Prepend{kind}Slot')(index, value, 0)
            return b.EndObject()

        def ints(values):
            return b.CreateNumpyVector(np.asarray(values, np.int32))

        def tables(offsets):
            b.StartVector(4, len(offsets), 4)
            for offset in reversed(offsets):
                b.PrependUOffsetTRelative(offset)
            return b.EndVector()

        none = (None, 0)
        buffers, tensors, codes, operators = [table([none])], [], [], []
        types = {'f4': 0, 'f2': 1, 'i4': 2}
        for number, (shape, data) in enumerate(self.tensors):
            place = 0
            if data is not None:
                raw = np.frombuffer(data.tobytes(), np.uint8)
                vector = b.CreateNumpyVector(raw)
                place = len(buffers)
                buffers.append(table([('UOffsetTRelative', vector)]))
            kind = 'f4' if data is None else data.dtype.str[1:]
            sides, name = ints(shape), b.CreateString(f't{number}')
            tensors.append(
                table(
                    [
                        ('UOffsetTRelative', sides),
                        ('Int8', types[kind]),
                        ('Uint32', place),
                        ('UOffsetTRelative', name),
                    ]
                )
            )
        kinds = sorted({kind for kind, *_ in self.operators})
        for kind in kinds:
            code = CODES[kind]
            codes.append(table([('Int8', code), none, none, ('Int32', code)]))
        for kind, sources, results, settings in self.operators:
            options = 0
            if kind in UNION:
                slots = [none] * 7
                for index, form, value in settings:
                    slots[index] = (form, value)
                options = table(slots)
            sources, results = ints(sources), ints(results)
            operators.append(
                table(
                    [
                        ('Uint32', kinds.index(kind)),
                        ('UOffsetTRelative', sources),
                        ('UOffsetTRelative', results),
                        ('Uint8', UNION.get(kind, 0)),
                        ('UOffsetTRelative', options),
                    ]
                )
            )
        lists = [
            tables(tensors),
            ints(inputs),
            ints(outputs),
            tables(operators),
        ]
        graph = table([('UOffsetTRelative', part) for part in lists])
        parts = tables(codes), tables([graph]), tables(buffers)
        model = table(
            [
                ('Uint32', 3),
                ('UOffsetTRelative', parts[0]),
                ('UOffsetTRelative', parts[1]),
                none,
                ('UOffsetTRelative', parts[2]),
            ]
        )
        b.Finish(model, file_identifier=b'TFL3')
        return bytes(b.Output())


def window(padding, stride, extra=()):
    """Settings of a convolution, or with a filter of a max-pool."""
    return [
        (0, 'Int8', padding),
        (1, 'Int32', stride),
        (2, 'Int32', stride),
        *extra,
    ]


class FaceLandmarkerWriter(TfliteWriter):
    """MediaPipe's second face landmarker with random weights."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.random = np.random.default_rng(seed)
        #: Numbers of the maps at strides 4, 8, 16, 32, 64.
        self.stages = []
        self.zeros = {}

    def conv(self, x, outputs, kernel, stride=1, padding=VALID) -> int:
        _, side, _, channels = self.tensors[x][0]
        scale = (1.5 / (kernel * kernel * channels)) ** 0.5
        shape = (outputs, kernel, kernel, channels)
        weight = self.constant(self.random.normal(0, scale, shape))
        bias = self.constant(self.random.uniform(-0.2, 0.2, outputs))
        side = -(-side // stride) if padding == SAME else side // stride
        if padding == VALID and stride == 1:
            side = side - kernel + 1
        return self.add(
            'CONV_2D',
            [x, weight, bias],
            (1, side, side, outputs),
            window(padding, stride),
        )

    def depthwise(self, x) -> int:
        shape = self.tensors[x][0]
        c = shape[3]
        weight = self.constant(self.random.normal(0, 0.4, (1, 3, 3, c)))
        if c not in self.zeros:  # One bias for all of that width.
            self.zeros[c] = self.constant(np.zeros(c))
        return self.add(
            'DEPTHWISE_CONV_2D',
            [x, weight, self.zeros[c]],
            shape,
            window(SAME, 1, [(3, 'Int32', 1)]),
        )

    def prelu(self, x) -> int:
        shape = self.tensors[x][0]
        slopes = self.random.uniform(-0.3, 0.5, (1, 1, shape[3]))
        return self.add('PRELU', [x, self.constant(slopes)], shape)

    def block(self, x, mid, outputs, down=False) -> int:
        _, side, _, channels = self.tensors[x][0]
        y = self.conv(x, mid, 2, 2) if down else self.conv(x, mid, 1)
        if down:
            side //= 2
            x = self.add(
                'MAX_POOL_2D',
                [x],
                (1, side, side, channels),
                window(VALID, 2, [(3, 'Int32', 2), (4, 'Int32', 2)]),
            )
        if outputs > channels:
            amounts = np.zeros((4, 2), np.int32)
            amounts[3, 1] = outputs - channels
            x = self.add(
                'PAD',
                [x, self.constant(amounts)],
                (1, side, side, outputs),
            )
        y = self.conv(self.depthwise(self.prelu(y)), outputs, 1)
        return self.prelu(self.add('ADD', [x, y], (1, side, side, outputs)))

    def network(self) -> bytes:
        image = self.tensor((1, 256, 256, 3))
        x = self.prelu(self.conv(image, 16, 3, 2, SAME))
        for _ in range(4):
            x = self.block(x, 8, 16)
        for mid, outputs in (
            *((16, 32), (32, 64), (64, 128)),
            *((64, 128), (64, 128), (64, 128)),
        ):
            x = self.block(x, mid, outputs, down=True)
            for _ in range(4):
                x = self.block(x, mid, outputs)
            self.stages.append(x)
        tongue = self.conv(x, 1, 2)
        presence, points = self.conv(x, 1, 2), self.conv(x, 1434, 2)
        tongue = self.add('LOGISTIC', [tongue], (1, 1, 1, 1))
        shape = self.constant(np.int32([-1, 1]))
        tongue = self.add('RESHAPE', [tongue, shape], (1, 1))
        return self.bytes([image], [points, presence, tongue])


@functools.cache
def face_landmarker_bytes(seed: int = 0) -> bytes:
    """The ``.tflite`` with random weights."""
    return FaceLandmarkerWriter(seed).network()


def task_bytes(tflite: bytes) -> bytes:
    """An archive like ``face_landmarker.task``."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w') as archive:
        archive.writestr('face_detector.tflite', b'another network')
        archive.writestr('face_landmarks_detector.tflite', tflite)
    return stream.getvalue()
