"""PReLU with a backward of vector instructions, for CPUs."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

__all__ = ['PReLU']


class _PReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return F.prelu(x, weight.to(x.dtype))

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        above = torch.ops.aten.threshold_backward(grad, x, 0)
        below = grad - above
        slope = weight.to(grad.dtype).view(-1, 1, 1)
        by_input = above.addcmul_(below, slope)
        return by_input, _sum_of_channels(below.mul_(x)).to(weight.dtype)


def _sum_of_channels(x: Tensor) -> Tensor:
    """(N, C, h, w) -> (C,), in float32 at least."""
    dtype = torch.promote_types(x.dtype, torch.float32)
    if x.is_contiguous(memory_format=torch.channels_last):
        # The same sum over rows of a matrix, which torch does faster.
        return x.permute(0, 2, 3, 1).flatten(0, 2).sum(0, dtype=dtype)
    return x.sum((0, 2, 3), dtype=dtype)


class PReLU(nn.PReLU):
    r"""``nn.PReLU`` with one slope a channel, its gradient written out.

    .. math::
        \partial_x = g \; [x > 0] + a g \; [x \le 0], \qquad
        \partial_a = \sum_{n, h, w} g x \; [x \le 0]

    torch's own kernel works through every element by itself; this takes five
    passes of vector instructions, which is faster on a CPU whose allocator
    keeps memory (``docs/speed.md``). Elsewhere, and while nothing is learned,
    it is torch's. Values and keys of the state dict are torch's as well.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Apply to a map (N, C, h, w)."""
        learns = torch.is_grad_enabled() and (
            x.requires_grad or self.weight.requires_grad
        )
        ours = (
            learns
            and x.device.type == 'cpu'
            and x.dim() == 4
            and self.weight.numel() == x.shape[1]
            and not torch.compiler.is_compiling()
        )
        return _PReLU.apply(x, self.weight) if ours else super().forward(x)
