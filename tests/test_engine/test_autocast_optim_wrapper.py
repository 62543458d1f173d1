"""AutocastOptimWrapper: bfloat16 forward, float32 everything else."""

import pytest
import torch
from refusals import refused

from mmpose_ctd.engine import AutocastOptimWrapper, autocast_optim_wrapper


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    # A GPU beside it changes what the wrapper chooses.
    monkeypatch.setattr(autocast_optim_wrapper, 'get_device', lambda: 'cpu')


@pytest.fixture
def linear():
    torch.manual_seed(0)
    return torch.nn.Linear(3, 2)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(8, 3, generator=generator)


def wrap(model, dtype='float32', **kwargs):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return AutocastOptimWrapper(dtype=dtype, optimizer=optimizer, **kwargs)


def test_bfloat16_is_for_the_forward_pass_only(linear, batch):
    wrapper = wrap(linear, 'bfloat16')
    with wrapper.optim_context(linear):
        output = linear(batch)
    assert output.dtype == torch.bfloat16
    assert linear(batch).dtype == torch.float32  # outside again
    output.float().square().mean().backward()
    assert linear.weight.dtype == torch.float32
    assert linear.weight.grad.dtype == torch.float32


@pytest.mark.parametrize(
    'fast, dtype', [(True, 'bfloat16'), (False, 'float32')]
)
def test_auto_asks_the_machine(linear, monkeypatch, fast, dtype):
    monkeypatch.setattr(
        autocast_optim_wrapper, 'has_fast_bfloat16', lambda device: fast
    )
    assert wrap(linear, 'auto').dtype == dtype
    optimizer = torch.optim.SGD(linear.parameters(), lr=0.1)
    assert AutocastOptimWrapper(optimizer=optimizer).dtype == dtype


@pytest.mark.parametrize('dtype', ['float16', 'bf16', None])
def test_another_dtype_is_named_with_its_key(linear, dtype):
    with refused('optim_wrapper.dtype', found=repr(dtype)):
        wrap(linear, dtype)
