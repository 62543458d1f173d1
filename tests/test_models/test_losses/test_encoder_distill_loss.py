import numpy as np
import pytest
import torch

from mmpose_ctd.errors import InputError
from mmpose_ctd.models import SourceOutputs
from mmpose_ctd.models.losses import EncoderDistillLoss

N, C, H, W = 3, 4, 5, 6


def maps(seed, *shape):
    return torch.from_numpy(
        np.random.default_rng(seed).normal(size=shape or (N, C, H, W))
    )


def outputs(*feats):
    return SourceOutputs(tuple(feats))


def cosine(a, b):
    return float(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))


def expected(a, b, granularity):
    """Formula (4), in loops."""
    a, b = a.numpy(), b.numpy()
    images = []
    for x, y in zip(a, b):
        vectors = {
            'map': [(x.ravel(), y.ravel())],
            'position': [
                (x[:, i, j], y[:, i, j]) for i in range(H) for j in range(W)
            ],
            'channel': [(x[c].ravel(), y[c].ravel()) for c in range(C)],
        }[granularity]
        images.append(1 - np.mean([cosine(u, v) for u, v in vectors]))
    return np.mean(images)


@pytest.mark.parametrize('granularity', ['map', 'position', 'channel'])
def test_it_is_the_formula(granularity):
    a, b = maps(1), maps(2)
    loss = EncoderDistillLoss(2.5, granularity=granularity)
    value = float(loss(outputs(a), outputs(b)))
    assert value == pytest.approx(2.5 * expected(a, b, granularity), rel=1e-5)


def test_channels_last_gives_the_same():
    a, b = maps(1), maps(2)
    loss = EncoderDistillLoss()
    last = [x.contiguous(memory_format=torch.channels_last) for x in (a, b)]
    assert torch.allclose(
        loss(outputs(a), outputs(b)), loss(outputs(last[0]), outputs(last[1]))
    )


@pytest.mark.parametrize('granularity', ['map', 'position', 'channel'])
def test_equal_maps_cost_nothing_and_opposite_ones_two(granularity):
    a = maps(1)
    loss = EncoderDistillLoss(granularity=granularity)
    assert float(loss(outputs(a), outputs(a))) == pytest.approx(0, abs=1e-6)
    assert float(loss(outputs(a), outputs(-a))) == pytest.approx(2)


def test_only_the_direction_counts():
    a, b = maps(1), maps(2)
    loss = EncoderDistillLoss()
    assert torch.allclose(
        loss(outputs(7 * a), outputs(b)), loss(outputs(a), outputs(0.1 * b))
    )


def test_the_stage_chooses_the_map():
    a, b, deep = maps(1), maps(2), maps(3, N, 2, 2, 2)
    ours, theirs = outputs(a, deep), outputs(b, deep)
    assert float(EncoderDistillLoss()(ours, theirs)) == pytest.approx(
        0, abs=1e-6
    )
    assert float(EncoderDistillLoss(stage=0)(ours, theirs)) > 0.1


def test_bfloat16_maps_are_compared_in_float32():
    a, b = maps(1).bfloat16(), maps(2).bfloat16()
    value = EncoderDistillLoss()(outputs(a), outputs(b))
    assert value.dtype == torch.float32
    wanted = expected(a.float(), b.float(), 'map')
    assert float(value) == pytest.approx(wanted, rel=1e-5)


def test_the_gradient_reaches_the_student():
    # The loss computes in float32, too coarse for gradcheck's default.
    a = maps(1, 1, 2, 2, 2).requires_grad_()
    b = maps(2, 1, 2, 2, 2)
    loss = EncoderDistillLoss()
    loss(outputs(a), outputs(b)).backward()
    step = 1e-2
    for index in np.ndindex(*a.shape):
        shift = torch.zeros_like(b)
        shift[index] = step
        up, down = (
            float(loss(outputs(a.detach() + s), outputs(b)))
            for s in (shift, -shift)
        )
        slope = (up - down) / (2 * step)
        assert float(a.grad[index]) == pytest.approx(slope, abs=2e-3)


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (dict(granularity='pixel'), ['granularity', 'pixel', 'position']),
        (dict(loss_weight=-1), ['loss_weight=-1', '>= 0']),
        (dict(loss_weight=float('nan')), ['nan', '>= 0']),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises(InputError) as error:
        EncoderDistillLoss(**arguments)
    assert all(word in str(error.value) for word in words)


def test_a_stage_that_does_not_exist_is_named():
    a = maps(1)
    with pytest.raises(InputError, match=r'stage=2.*1 feature map.*out_ind'):
        EncoderDistillLoss(stage=2)(outputs(a), outputs(a))


def test_maps_of_other_shape_are_refused_not_broadcast():
    a, b = maps(1), maps(2, N, 1, H, W)
    with pytest.raises(InputError, match=r'\(4, 5, 6\).*\(1, 5, 6\)'):
        EncoderDistillLoss()(outputs(a), outputs(b))
