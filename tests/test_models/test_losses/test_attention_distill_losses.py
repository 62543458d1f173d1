"""Spatial and channel attention against their formulas, in loops."""

import numpy as np
import pytest
import torch
from loss_maps import C, H, N, W, gradient_is_right, maps, outputs, value_of
from refusals import refused

from mmpose_ctd.models.losses import (
    ChannelAttentionDistillLoss,
    SpatialAttentionDistillLoss,
)

KINDS = [SpatialAttentionDistillLoss, ChannelAttentionDistillLoss]
kinds = pytest.mark.parametrize('kind', KINDS)
powers = pytest.mark.parametrize('power', [1, 3.5])


def attention(kind, image, power):
    """q / ||q||, position by position or channel by channel."""
    planes = (
        image
        if kind is ChannelAttentionDistillLoss
        else image.reshape(len(image), -1).T
    )
    q = np.array([sum(abs(v) ** power for v in p.ravel()) for p in planes])
    return q / np.sqrt((q**2).sum())


def expected(kind, a, b, power=2):
    return np.mean(
        [
            (
                (attention(kind, x, power) - attention(kind, y, power)) ** 2
            ).sum()
            for x, y in zip(a.numpy(), b.numpy())
        ]
    )


@kinds
@powers
def test_it_is_the_formula(kind, power):
    a, b = maps(1), maps(2)
    wanted = 2.5 * expected(kind, a, b, power)
    assert value_of(kind(2.5, power), a, b) == pytest.approx(wanted, rel=1e-10)
    assert gradient_is_right(
        kind(power=power), maps(1, 2, 3, 2, 4), maps(2, 2, 3, 2, 4)
    )


@kinds
@pytest.mark.parametrize('scale', [1e-30, 1e30])
def test_no_activation_is_too_large_or_too_small(kind, scale):
    a, b = maps(1), maps(2)
    ours = (a.float() * scale).requires_grad_()
    value = kind(power=4)(outputs(ours), outputs(b))
    assert value.item() == pytest.approx(expected(kind, a, b, 4), rel=1e-4)
    value.backward()
    assert bool(ours.grad.isfinite().all()) and bool(ours.grad.any())


@kinds
def test_a_map_of_zeros_is_no_division_by_zero(kind):
    zeros = torch.zeros(N, C, H, W, requires_grad=True)
    value = kind()(outputs(zeros), outputs(maps(1)))
    value.backward()
    assert value.item() == pytest.approx(1)
    assert bool(zeros.grad.isfinite().all())


@pytest.mark.parametrize(
    ('kind', 'may', 'must'),
    [
        (SpatialAttentionDistillLoss, (N, 9, H, W), (N, C, 3, W)),
        (ChannelAttentionDistillLoss, (N, C, 2, 9), (N, 9, H, W)),
    ],
)
def test_what_is_summed_may_differ_the_rest_may_not(kind, may, must):
    a, b = maps(1), maps(2, *may)
    assert value_of(kind(), a, b) == pytest.approx(
        expected(kind, a, b), rel=1e-10
    )
    with refused(found=str(must[1:])):
        value_of(kind(), maps(1, *must), maps(2))


def test_sizes_are_bridged_by_pooling():
    a, b = maps(1, N, C, 4, 6), maps(2, N, C, 2, 3)
    pooled = a.reshape(N, C, 2, 2, 3, 2).mean((3, 5))
    loss = SpatialAttentionDistillLoss(resample=True)
    wanted = expected(SpatialAttentionDistillLoss, pooled, b)
    assert value_of(loss, a, b) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize('power', [0.5, float('nan'), 'two'])
def test_a_wrong_power_is_named(power):
    with refused('SpatialAttentionDistillLoss: power', found=repr(power)):
        SpatialAttentionDistillLoss(power=power)
