import numpy as np
import pytest
import torch
from loss_maps import C, H, N, W, gradient_is_right, maps, outputs, value_of
from refusals import refused

from mmpose_ctd.models.losses import HintLoss


def expected(a, b, count=C * H * W):
    images = [
        sum((u - v) ** 2 for u, v in zip(x.ravel(), y.ravel())) / (2 * count)
        for x, y in zip(a.numpy(), b.numpy())
    ]
    return np.mean(images)


@pytest.mark.parametrize(
    ('reduction', 'count'), [('mean', C * H * W), ('sum', 1)]
)
def test_it_is_the_formula(reduction, count):
    """Averaged over the map, or summed as in FitNets."""
    a, b = maps(1), maps(2)
    wanted = 2.5 * expected(a, b, count)
    loss = HintLoss(2.5, reduction=reduction)
    assert value_of(loss, a, b) == pytest.approx(wanted, rel=1e-10)
    loss = HintLoss(
        reduction=reduction, connector=dict(in_channels=2, out_channels=3)
    ).double()
    assert gradient_is_right(loss, maps(1, 2, 2, 2, 3), maps(2, 2, 3, 2, 3))


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


def test_any_stage_of_either_network_can_be_matched():
    a, b, deep = maps(1), maps(2), maps(3, N, 2, 2, 2)
    ours, theirs = outputs(a, deep), outputs(deep, b)
    loss = HintLoss(stage=0, teacher_stage=1)
    assert float(loss(ours, theirs)) == pytest.approx(
        expected(a, b), rel=1e-10
    )
    assert float(HintLoss(stage=-1, teacher_stage=0)(ours, theirs)) == 0


def test_a_wrong_reduction_is_named():
    with refused('HintLoss: reduction'):
        HintLoss(reduction='none')
