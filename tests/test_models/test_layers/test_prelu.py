import pytest
import torch
from torch import nn

from mmpose_ctd.models.layers import PReLU

N, C, H, W = 2, 5, 6, 7


def gradients(kind, dtype, layout, x, g):
    """What a layer gives, and its gradients."""
    layer = kind(C).to(dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.linspace(-0.5, 1.5, C))
    x = x.to(dtype).contiguous(memory_format=layout).requires_grad_()
    y = layer(x)
    y.backward(g.to(dtype).contiguous(memory_format=layout))
    return y.detach(), x.grad, layer.weight.grad


@pytest.fixture
def data():
    random = torch.Generator().manual_seed(0)
    x = torch.randn(N, C, H, W, generator=random, dtype=torch.float64)
    # The corner itself, too.
    x[0, :, 0, 0] = 0
    return x, torch.randn(N, C, H, W, generator=random, dtype=torch.float64)


@pytest.mark.parametrize(
    'layout', [torch.contiguous_format, torch.channels_last]
)
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32])
def test_values_and_gradients_are_torchs(data, dtype, layout):
    ours = gradients(PReLU, dtype, layout, *data)
    theirs = gradients(nn.PReLU, dtype, layout, *data)
    assert torch.equal(ours[0], theirs[0])
    assert torch.equal(ours[1], theirs[1])
    assert torch.allclose(ours[2], theirs[2], rtol=1e-5)
    assert ours[2].dtype == dtype


def test_in_bfloat16_the_slopes_gradient_is_summed_in_float32(data):
    x, g = (t.bfloat16().double().repeat(4, 1, 8, 8) for t in data)
    layout = torch.channels_last
    exact = gradients(PReLU, torch.float64, layout, x, g)
    ours = gradients(PReLU, torch.bfloat16, layout, x, g)
    error = (ours[2].double() - exact[2]).abs().max()
    assert error < 0.01 * exact[2].abs().max()


def test_its_own_derivative(data):
    layer = PReLU(C).double()
    x = data[0].clone()
    x[x.abs() < 1e-3] = 0.1
    assert torch.autograd.gradcheck(
        lambda x, a: torch.func.functional_call(layer, {'weight': a}, (x,)),
        (x.requires_grad_(), layer.weight.detach().requires_grad_()),
    )


@pytest.mark.parametrize('shape', [(N, C), (N, C, H)])
def test_other_shapes_work_as_with_torch(shape):
    x = torch.randn(shape, requires_grad=True)
    assert torch.equal(PReLU(C)(x), nn.PReLU(C)(x))


def test_no_image_is_no_gradient():
    x = torch.zeros(0, C, H, W, requires_grad=True)
    layer = PReLU(C)
    layer(x).sum().backward()
    assert x.grad.shape == x.shape
    assert torch.equal(layer.weight.grad, torch.zeros(C))
