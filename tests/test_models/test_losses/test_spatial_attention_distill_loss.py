import numpy as np
import pytest
import torch

from mmpose_ctd.errors import InputError
from mmpose_ctd.models import SourceOutputs
from mmpose_ctd.models.losses import SpatialAttentionDistillLoss

N, C, H, W = 3, 4, 5, 6


def maps(seed, *shape):
    return torch.from_numpy(
        np.random.default_rng(seed).normal(size=shape or (N, C, H, W))
    )


def outputs(*feats):
    return SourceOutputs(tuple(feats))


def attention(image, power):
    """q / ||q||, position by position."""
    q = np.zeros(image.shape[1:])
    for y in range(q.shape[0]):
        for x in range(q.shape[1]):
            q[y, x] = sum(abs(value) ** power for value in image[:, y, x])
    return q / np.sqrt((q**2).sum())


def expected(a, b, power=2):
    images = [
        ((attention(x, power) - attention(y, power)) ** 2).sum()
        for x, y in zip(a.numpy(), b.numpy())
    ]
    return np.mean(images)


@pytest.mark.parametrize('power', [1, 2, 3.5])
def test_it_is_the_formula(power):
    a, b = maps(1), maps(2)
    loss = SpatialAttentionDistillLoss(2.5, power)
    value = float(loss(outputs(a), outputs(b)))
    assert value == pytest.approx(2.5 * expected(a, b, power), rel=1e-10)


@pytest.mark.parametrize('power', [1, 2, 3.5])
def test_the_gradient_is_that_of_the_formula(power):
    a, b = maps(1, 2, 3, 2, 4).requires_grad_(), maps(2, 2, 3, 2, 4)
    loss = SpatialAttentionDistillLoss(power=power)
    assert torch.autograd.gradcheck(
        lambda x: loss(outputs(x), outputs(b)), (a,)
    )


def test_neither_scale_nor_sign_nor_order_of_the_channels_counts():
    a, b = maps(1), maps(2)
    loss = SpatialAttentionDistillLoss()
    value = float(loss(outputs(a), outputs(b)))
    for changed in (7 * a, -a, a[:, [2, 0, 3, 1]]):
        again = float(loss(outputs(changed), outputs(b)))
        assert again == pytest.approx(value, rel=1e-10)


def test_the_place_counts():
    here, there = torch.zeros(2, 1, 2, 3, 3)
    here[0, :, 0, 0] = 3
    there[0, :, 2, 1] = 0.1
    loss = SpatialAttentionDistillLoss()
    assert float(loss(outputs(here), outputs(there))) == pytest.approx(2)
    assert float(loss(outputs(here), outputs(here))) == 0


@pytest.mark.parametrize('scale', [1e-30, 1e-12, 1e12, 1e30])
@pytest.mark.parametrize('power', [2, 4])
def test_no_activation_is_too_large_or_too_small(scale, power):
    a, b = maps(1), maps(2)
    ours = (a.float() * scale).requires_grad_()
    value = SpatialAttentionDistillLoss(power=power)(outputs(ours), outputs(b))
    assert value.item() == pytest.approx(expected(a, b, power), rel=1e-4)
    value.backward()
    assert bool(ours.grad.isfinite().all()) and bool(ours.grad.any())


def test_a_map_of_zeros_is_no_division_by_zero():
    zeros = torch.zeros(N, C, H, W, requires_grad=True)
    value = SpatialAttentionDistillLoss()(outputs(zeros), outputs(maps(1)))
    value.backward()
    assert value.item() == pytest.approx(1)
    assert bool(zeros.grad.isfinite().all())


def test_bfloat16_maps_are_compared_in_float32():
    a, b = maps(1).bfloat16(), maps(2).bfloat16()
    value = SpatialAttentionDistillLoss()(outputs(a), outputs(b))
    assert value.dtype == torch.float32
    wanted = expected(a.double(), b.double())
    assert float(value) == pytest.approx(wanted, rel=1e-5)


def test_the_channels_may_differ_the_sizes_may_not():
    a, b = maps(1), maps(2, N, 9, H, W)
    loss = SpatialAttentionDistillLoss()
    value = float(loss(outputs(a), outputs(b)))
    assert value == pytest.approx(expected(a, b), rel=1e-10)
    with pytest.raises(InputError, match=r'\(4, 3, 6\).*resample=True'):
        loss(outputs(maps(1, N, C, 3, W)), outputs(b))


def test_sizes_are_bridged_by_pooling():
    a, b = maps(1, N, C, 4, 6), maps(2, N, C, 2, 3)
    pooled = a.reshape(N, C, 2, 2, 3, 2).mean((3, 5))
    loss = SpatialAttentionDistillLoss(resample=True)
    value = float(loss(outputs(a), outputs(b)))
    assert value == pytest.approx(expected(pooled, b), rel=1e-10)


@pytest.mark.parametrize('power', [0.5, 0, -1, float('nan'), 'two'])
def test_a_wrong_power_is_named(power):
    with pytest.raises(InputError, match=r'SpatialAtt.*power=.*>= 1'):
        SpatialAttentionDistillLoss(power=power)
