"""A strided depthwise convolution against torch's own."""

import pytest
import torch
from torch import nn

from mmpose_ctd.models.layers import StridedDepthwiseConv2d

N, C, H, W = 3, 6, 9, 12


@pytest.fixture
def data():
    random = torch.Generator().manual_seed(0)
    x = torch.randn(N, C, H, W, generator=random, dtype=torch.float64)
    weight = torch.randn(C, 1, 3, 3, generator=random, dtype=torch.float64)
    # Exact in bfloat16, so that inputs do not differ.
    return x.bfloat16().double(), weight.bfloat16().double()


def layers(weight, dtype):
    ours = StridedDepthwiseConv2d(C, 3, stride=2, padding=1)
    theirs = nn.Conv2d(C, C, 3, 2, 1, groups=C, bias=False)
    for layer in (ours, theirs):
        layer.to(dtype)
        layer.load_state_dict(dict(weight=weight), strict=True)
    return ours, theirs


def gradients(layer, x, layout):
    x = x.detach().clone(memory_format=layout).requires_grad_()
    y = layer(x)
    y.backward(torch.ones_like(y) * torch.arange(1, y.shape[3] + 1))
    return y.detach(), x.grad, layer.weight.grad


LAYOUTS = [torch.contiguous_format, torch.channels_last]


@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_other_dtypes_are_torchs_own(data, dtype, layout):
    x, weight = data
    for ours, theirs in zip(
        *(gradients(k, x.to(dtype), layout) for k in layers(weight, dtype))
    ):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_in_bfloat16_gradients_are_as_exact_as_their_dtype(data, layout):
    x, weight = data
    exact = gradients(layers(weight, torch.float64)[1], x, layout)
    ours = gradients(layers(weight, torch.bfloat16)[0], x.bfloat16(), layout)
    assert all(g.dtype == torch.bfloat16 for g in ours)
    for mine, true in zip(ours, exact):
        error = (mine.double() - true).abs()
        # Half a unit in the last of 8 bits; sums over images round later.
        assert (error <= 2**-7 * true.abs().max()).all()
    # The input's gradient is rounded once, from float32.
    assert torch.equal(ours[1], exact[1].float().bfloat16())


def test_under_autocast_the_weight_learns_in_float32(data):
    x, weight = data
    layer, _ = layers(weight, torch.float32)
    before = nn.Conv2d(C, C, 1)
    with torch.autocast('cpu', torch.bfloat16):
        y = layer(before(x.float()))
    assert y.dtype == torch.bfloat16
    y.float().sum().backward()
    assert layer.weight.grad.dtype == torch.float32
    assert layer.weight.grad.abs().sum() > 0
    assert before.weight.grad.abs().sum() > 0


def test_without_learning_it_can_be_exported(data):
    x, weight = data
    layer, _ = layers(weight, torch.bfloat16)
    with torch.no_grad():
        traced = torch.jit.trace(layer, x.bfloat16())
    assert 'PythonOp' not in str(traced.graph)
