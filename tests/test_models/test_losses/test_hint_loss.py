import numpy as np
import pytest
import torch

from mmpose_ctd.errors import InputError
from mmpose_ctd.models import SourceOutputs
from mmpose_ctd.models.losses import HintLoss

N, C, H, W = 3, 4, 5, 6


def maps(seed, *shape):
    return torch.from_numpy(
        np.random.default_rng(seed).normal(size=shape or (N, C, H, W))
    )


def outputs(*feats):
    return SourceOutputs(tuple(feats))


def expected(a, b, count=C * H * W):
    images = [
        sum((u - v) ** 2 for u, v in zip(x.ravel(), y.ravel())) / (2 * count)
        for x, y in zip(a.numpy(), b.numpy())
    ]
    return np.mean(images)


def test_it_is_the_formula_averaged_over_the_map():
    a, b = maps(1), maps(2)
    value = float(HintLoss(2.5)(outputs(a), outputs(b)))
    assert value == pytest.approx(2.5 * expected(a, b), rel=1e-10)


def test_summed_it_is_fitnets():
    a, b = maps(1), maps(2)
    value = float(HintLoss(reduction='sum')(outputs(a), outputs(b)))
    assert value == pytest.approx(expected(a, b, count=1), rel=1e-10)


def test_the_connector_is_the_regressor():
    a, b = maps(1, N, 2, H, W), maps(2)
    loss = HintLoss(connector=dict(in_channels=2, out_channels=C)).double()
    weight, bias = (
        p.detach().numpy() for p in loss.connector.conv.parameters()
    )
    guided = np.einsum('cd,ndhw->nchw', weight[..., 0, 0], a.numpy())
    guided += bias[:, None, None]
    value = loss(outputs(a), outputs(b))
    wanted = expected(torch.from_numpy(guided), b)
    assert value.item() == pytest.approx(wanted, rel=1e-10)
    value.backward()
    assert all(bool(p.grad.any()) for p in loss.parameters())


@pytest.mark.parametrize('reduction', ['mean', 'sum'])
def test_the_gradient_is_that_of_the_formula(reduction):
    a, b = maps(1, 2, 2, 2, 3).requires_grad_(), maps(2, 2, 3, 2, 3)
    loss = HintLoss(
        reduction=reduction, connector=dict(in_channels=2, out_channels=3)
    ).double()
    assert torch.autograd.gradcheck(
        lambda x, *_: loss(outputs(x), outputs(b)), (a, *loss.parameters())
    )


def test_any_stage_of_either_network_can_be_matched():
    a, b, deep = maps(1), maps(2), maps(3, N, 2, 2, 2)
    ours, theirs = outputs(a, deep), outputs(deep, b)
    loss = HintLoss(stage=0, teacher_stage=1)
    assert float(loss(ours, theirs)) == pytest.approx(
        expected(a, b), rel=1e-10
    )
    loss = HintLoss(stage=-1, teacher_stage=0)
    assert float(loss(ours, theirs)) == 0


def test_a_wrong_reduction_is_named():
    with pytest.raises(InputError, match="'none'.*'mean', 'sum'"):
        HintLoss(reduction='none')
