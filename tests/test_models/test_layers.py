"""The layers with a backward of their own, against torch's."""

import pytest
import torch
from torch import nn

from mmpose_ctd.models.layers import PReLU, StridedDepthwiseConv2d

N, C, H, W = 3, 6, 9, 12
LAYOUTS = [torch.contiguous_format, torch.channels_last]


def prelu_gradients(kind, dtype, layout, x, g):
    """What a layer gives, and its gradients."""
    layer = kind(C).to(dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.linspace(-0.5, 1.5, C))
    x = x.to(dtype).contiguous(memory_format=layout).requires_grad_()
    y = layer(x)
    y.backward(g.to(dtype).contiguous(memory_format=layout))
    return y.detach(), x.grad, layer.weight.grad


@pytest.fixture
def maps():
    random = torch.Generator().manual_seed(0)
    x = torch.randn(N, C, H, W, generator=random, dtype=torch.float64)
    # The corner itself, too.
    x[0, :, 0, 0] = 0
    return x, torch.randn(N, C, H, W, generator=random, dtype=torch.float64)


@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32])
def test_values_and_gradients_are_torchs(maps, dtype, layout):
    ours = prelu_gradients(PReLU, dtype, layout, *maps)
    theirs = prelu_gradients(nn.PReLU, dtype, layout, *maps)
    assert torch.equal(ours[0], theirs[0])
    assert torch.equal(ours[1], theirs[1])
    assert torch.allclose(ours[2], theirs[2], rtol=1e-5)
    assert ours[2].dtype == dtype


def test_in_bfloat16_the_slopes_gradient_is_summed_in_float32(maps):
    x, g = (t.bfloat16().double().repeat(4, 1, 8, 8) for t in maps)
    layout = torch.channels_last
    exact = prelu_gradients(PReLU, torch.float64, layout, x, g)
    ours = prelu_gradients(PReLU, torch.bfloat16, layout, x, g)
    error = (ours[2].double() - exact[2]).abs().max()
    assert error < 0.01 * exact[2].abs().max()


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
