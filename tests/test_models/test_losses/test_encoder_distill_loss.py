"""ED against formula (4), in loops; and what all losses of a map share."""

import numpy as np
import pytest
import torch
from loss_maps import C, H, N, W, gradient_is_right, maps, outputs, value_of
from refusals import refused

from mmpose_ctd.models.losses import EncoderDistillLoss

granularities = pytest.mark.parametrize(
    'granularity', ['map', 'position', 'channel']
)


def cosine(a, b):
    return float(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))


def expected(a, b, granularity='map'):
    images = []
    for x, y in zip(a.numpy(), b.numpy()):
        vectors = {
            'map': [(x.ravel(), y.ravel())],
            'position': [
                (x[:, i, j], y[:, i, j]) for i in range(H) for j in range(W)
            ],
            'channel': [(x[c].ravel(), y[c].ravel()) for c in range(C)],
        }[granularity]
        images.append(1 - np.mean([cosine(u, v) for u, v in vectors]))
    return np.mean(images)


@granularities
def test_it_is_the_formula(granularity):
    a, b = maps(1), maps(2)
    loss = EncoderDistillLoss(2.5, granularity=granularity)
    wanted = 2.5 * expected(a, b, granularity)
    assert value_of(loss, a, b) == pytest.approx(wanted, rel=1e-10)
    assert gradient_is_right(loss, maps(1, 1, 2, 2, 2), maps(2, 1, 2, 2, 2))
    assert value_of(loss, a, a) == pytest.approx(0, abs=1e-9)
    assert value_of(loss, a, -a) == pytest.approx(5)


def test_neither_length_nor_layout_counts():
    a, b = maps(1), maps(2)
    last = [x.contiguous(memory_format=torch.channels_last) for x in (a, b)]
    value = value_of(EncoderDistillLoss(), a, b)
    for ours, theirs in ((7 * a, b), (a, 0.1 * b), last):
        again = value_of(EncoderDistillLoss(), ours, theirs)
        assert again == pytest.approx(value, rel=1e-10)


def test_bfloat16_maps_are_compared_in_float32():
    a, b = maps(1).bfloat16(), maps(2).bfloat16()
    value = EncoderDistillLoss()(outputs(a), outputs(b))
    assert value.dtype == torch.float32
    assert float(value) == pytest.approx(
        expected(a.float(), b.float()), rel=1e-5
    )


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('granularity', 'pixel'),
        ('loss_weight', -1),
    ],
)
def test_wrong_arguments_are_named(key, value):
    with refused(f'EncoderDistillLoss: {key}', found=repr(value)):
        EncoderDistillLoss(**{key: value})


@pytest.mark.parametrize(
    ('stage', 'theirs', 'found'),
    [
        (2, maps(1), '1 feature map'),
        (0, maps(2, N, 1, H, W), '(1, 5, 6)'),
        (0, maps(2, N, C), '(3, 4)'),
    ],
)
def test_maps_that_cannot_be_compared_are_refused(stage, theirs, found):
    with refused(f'EncoderDistillLoss(stage={stage})', found=found):
        value_of(EncoderDistillLoss(stage=stage), maps(1), theirs)
