"""What the backbones with layers of their own have in common."""

import pytest
import torch
from mmpose.registry import MODELS
from refusals import refused
from test_sface_net import random_net

from mmpose_ctd.models.backbones import FaceLandmarkerV2


def landmarker(**options):
    torch.manual_seed(0)
    return FaceLandmarkerV2(**options)


backbones = pytest.mark.parametrize('make', [random_net, landmarker])


@pytest.mark.parametrize(
    'kind', ['SFaceNet', 'FaceLandmarkerV2', 'FaceResNet']
)
@pytest.mark.parametrize(
    'indices', [(), (5,), (-1,), (1, 0), (2, 2), (1.0,), 3]
)
def test_impossible_out_indices_are_named(kind, indices):
    with refused(f'{kind}: out_indices'):
        MODELS.build(dict(type=kind, out_indices=indices))


@backbones
def test_fast_and_torchs_backward_agree(make):
    """Up to the rounding of sums, in float32."""
    grads = []
    for fast in (True, False):
        net = make(fast_backward=fast)
        random = torch.Generator().manual_seed(1)
        x = torch.randn(2, 3, 64, 64, generator=random).requires_grad_()
        sum(feat.square().mean() for feat in net(x)).backward()
        grads.append([x.grad, *(p.grad for p in net.parameters())])
    for ours, theirs in zip(*grads):
        assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-6)


@backbones
@torch.no_grad()
def test_bfloat16_autocast_and_channels_last_give_the_same_maps(make):
    net, x = make(), torch.rand(2, 3, 64, 64)
    plain = net(x)
    net = net.to(memory_format=torch.channels_last)
    x = x.to(memory_format=torch.channels_last)
    for ours, theirs in zip(net(x), plain):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    with torch.autocast('cpu', torch.bfloat16):
        for ours, theirs in zip(net(x), plain):
            error = (ours.float() - theirs).norm() / theirs.norm()
            assert error < 0.05
