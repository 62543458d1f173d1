import numpy as np
import pytest
import torch

from mmpose_ctd.errors import InputError
from mmpose_ctd.models import SourceOutputs
from mmpose_ctd.models.losses import ChannelAttentionDistillLoss

N, C, H, W = 3, 4, 5, 6


def maps(seed, *shape):
    return torch.from_numpy(
        np.random.default_rng(seed).normal(size=shape or (N, C, H, W))
    )


def outputs(*feats):
    return SourceOutputs(tuple(feats))


def attention(image, power):
    """q / ||q||, channel by channel."""
    q = np.array(
        [np.mean([abs(v) ** power for v in plane.ravel()]) for plane in image]
    )
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
    loss = ChannelAttentionDistillLoss(2.5, power)
    value = float(loss(outputs(a), outputs(b)))
    assert value == pytest.approx(2.5 * expected(a, b, power), rel=1e-10)


@pytest.mark.parametrize('power', [1, 2, 3.5])
def test_the_gradient_is_that_of_the_formula(power):
    a, b = maps(1, 2, 3, 2, 4).requires_grad_(), maps(2, 2, 3, 2, 4)
    loss = ChannelAttentionDistillLoss(power=power)
    assert torch.autograd.gradcheck(
        lambda x: loss(outputs(x), outputs(b)), (a,)
    )


def test_neither_scale_nor_place_counts():
    a, b = maps(1), maps(2)
    loss = ChannelAttentionDistillLoss()
    value = float(loss(outputs(a), outputs(b)))
    moved = a.flatten(2)[..., torch.randperm(H * W)].reshape(a.shape)
    for changed in (7 * a, -a, moved):
        again = float(loss(outputs(changed), outputs(b)))
        assert again == pytest.approx(value, rel=1e-10)


def test_the_channel_counts():
    one, other = torch.zeros(2, 1, 4, 3, 3)
    one[0, 0], other[0, 3] = 3, 0.1
    loss = ChannelAttentionDistillLoss()
    assert float(loss(outputs(one), outputs(other))) == pytest.approx(2)
    assert float(loss(outputs(one), outputs(one))) == 0


def test_the_sizes_may_differ_the_channels_may_not():
    a, b = maps(1), maps(2, N, C, 2, 9)
    loss = ChannelAttentionDistillLoss()
    value = float(loss(outputs(a), outputs(b)))
    assert value == pytest.approx(expected(a, b), rel=1e-10)
    with pytest.raises(InputError, match=r'\(9, 5, 6\).*connector=dict'):
        loss(outputs(maps(1, N, 9, H, W)), outputs(b))


def test_a_connector_bridges_the_channels():
    a, b = maps(1, N, 9, H, W), maps(2)
    loss = ChannelAttentionDistillLoss(
        connector=dict(in_channels=9, out_channels=C, bias=False)
    ).double()
    weight = loss.connector.conv.weight.detach()[..., 0, 0]
    mixed = torch.einsum('cd,ndhw->nchw', weight, a)
    value = loss(outputs(a), outputs(b)).item()
    assert value == pytest.approx(expected(mixed, b), rel=1e-10)
