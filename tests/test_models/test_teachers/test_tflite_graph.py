import contextlib

import numpy as np
import pytest
from tflite_file import SAME, VALID, TfliteWriter, window

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers.tflite_graph import read_tflite

WEIGHT = np.arange(24, dtype=np.float32).reshape(2, 2, 2, 3) / 8
BIAS = np.float32([0.5, -1.0])


def toy() -> bytes:
    """Convolution, depthwise, max-pool, sum: every table that is read."""
    file = TfliteWriter()
    image = file.tensor((1, 4, 6, 3))
    x = file.add(
        'CONV_2D',
        [image, file.constant(WEIGHT), file.constant(BIAS, half=False)],
        (1, 2, 3, 2),
        window(SAME, 2, [(3, 'Int8', 1), (4, 'Int32', 3)]),
    )
    kernel = file.constant(np.ones((1, 3, 3, 2)))
    y = file.add(
        'DEPTHWISE_CONV_2D',
        [x, kernel, file.constant(np.zeros(2))],
        (1, 2, 3, 2),
        window(SAME, 1, [(3, 'Int32', 1)]),
    )
    total = file.add('ADD', [x, y], (1, 2, 3, 2))
    pool = file.add(
        'MAX_POOL_2D',
        [total],
        (1, 1, 1, 2),
        window(VALID, 2, [(3, 'Int32', 3), (4, 'Int32', 2)]),
    )
    shape = file.constant(np.int32([-1, 2]))
    out = file.add('RESHAPE', [pool, shape], (1, 2))
    return file.bytes([image], [out, pool])


def read_all(data: bytes) -> None:
    graph = read_tflite(data)
    for number in range(len(graph.tensors)):
        graph.constant(number)


def test_a_cut_file_is_refused_wherever_it_is_cut():
    data = toy()
    for length in range(8, len(data)):
        with pytest.raises(InputError):
            read_all(data[:length])


def test_a_damaged_byte_is_refused_or_harmless():
    """Nothing but InputError, whatever the bytes: no read outside."""
    data, random = toy(), np.random.default_rng(0)
    refused = 0
    for place in random.integers(8, len(data), 1000):
        changed = bytearray(data)
        changed[place] ^= int(random.integers(1, 256))
        try:
            read_all(bytes(changed))
        except InputError:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize('value', [0xFFFFFFFF, 10**6])
def test_forged_offsets_and_lengths_are_refused_or_harmless(value):
    data = toy()
    for place in range(0, len(data) - 4, 4):
        if place == 4:
            continue
        changed = data[:place] + value.to_bytes(4, 'little')
        changed += data[place + 4 :]
        with contextlib.suppress(InputError):
            read_all(changed)
