"""PReLU with a faster backward on CPUs."""

from math import inf

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

__all__ = ['PReLU']

_aten = torch.ops.aten
# The smallest number above 0: hardtanh_backward() passes lower values.
_LEAST = 1.4e-45


class _PReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return F.prelu(x, weight.to(x.dtype))

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        slope = weight.to(grad.dtype).view(-1, 1, 1)
        by_input = torch.empty_like(grad)
        by_slope = torch.zeros_like(
            weight, dtype=torch.promote_types(grad.dtype, torch.float32)
        )
        # Image by image, to keep intermediate results in the cache.
        for i in range(len(x)):
            place = slice(i, i + 1)
            x_i, grad_i = x[place], grad[place]
            above = _aten.threshold_backward(grad_i, x_i, 0)
            below = _aten.hardtanh_backward(grad_i, x_i, -inf, _LEAST)
            torch.addcmul(above, below, slope, out=by_input[place])
            by_slope += _sum_of_channels(below.mul_(x_i))
        return by_input, by_slope.to(weight.dtype)


def _sum_of_channels(x: Tensor) -> Tensor:
    """(1, C, h, w) -> (C,), in float32 at least."""
    # Rows first. With another dtype, sum() copies its input; without, it adds
    # up in float32 and rounds the sum of each row.
    rows = x[0].permute(1, 2, 0).sum(1)
    return rows.sum(0, dtype=torch.promote_types(x.dtype, torch.float32))


class PReLU(nn.PReLU):
    r"""``nn.PReLU`` with one slope a channel, its gradient written out.

    .. math::
        \partial_x = g \; [x > 0] + a g \; [x \le 0], \qquad
        \partial_a = \sum_{n, h, w} g x \; [x \le 0]

    It uses vector instructions, unlike torch's kernel, and is faster on a CPU
    (``docs/speed.md``). On other devices, and without gradients, it is
    torch's. Values and state dict equal torch's.
    """

    #: Whether to use this backward; can be set for an instance.
    fast_backward = True

    def forward(self, x: Tensor) -> Tensor:
        """Apply to a map (N, C, h, w)."""
        learns = torch.is_grad_enabled() and (
            x.requires_grad or self.weight.requires_grad
        )
        ours = (
            self.fast_backward
            and learns
            and x.device.type == 'cpu'
            and x.dim() == 4
            and self.weight.numel() == x.shape[1]
            and not torch.compiler.is_compiling()
        )
        return _PReLU.apply(x, self.weight) if ours else super().forward(x)
