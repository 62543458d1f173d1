"""Layers that train faster on CPUs than torch's."""

from math import inf

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_aten = torch.ops.aten
# The smallest number above 0: hardtanh_backward() passes lower values.
_LEAST = 1.4e-45


def _is_faster(layer: nn.Module, x: Tensor) -> bool:
    """Whether a layer's own backward serves this input."""
    return (
        layer.fast_backward
        and torch.is_grad_enabled()
        and (x.requires_grad or layer.weight.requires_grad)
        and x.device.type == 'cpu'
        and not torch.compiler.is_compiling()
    )


class _PReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _prelu(x, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        by_input = torch.empty_like(x)
        grad = _like(grad, x)
        slope = _slopes(weight, x)
        x, grad = _rows(x), _rows(grad)
        above = _aten.threshold_backward(grad, x, 0)
        below = _aten.hardtanh_backward(grad, x, -inf, _LEAST)
        torch.addcmul(above, below, slope, out=_rows(by_input))
        # Of a row first. With another dtype, sum() copies its input.
        channels_last = slope.dim() == 1
        by_row = below.mul_(x).sum(1 if channels_last else 2)
        exact = torch.promote_types(x.dtype, torch.float32)
        by_slope = by_row.view(-1, len(weight)).sum(0, dtype=exact)
        return by_input, by_slope.to(weight.dtype)


def _prelu(x: Tensor, weight: Tensor) -> Tensor:
    n, c, h, w = x.shape
    y = torch._prelu_kernel(_rows(x), _slopes(weight, x))
    if _is_last(x):
        return y.view(n, h, w, c).permute(0, 3, 1, 2)
    return y.view(n, c, h, w)


def _is_last(x: Tensor) -> bool:
    return x.is_contiguous(memory_format=torch.channels_last)


def _rows(x: Tensor) -> Tensor:
    """A view of a map (N, C, h, w): (N, h, w C) if channels are last.

    Along its long rows torch's kernels use vector instructions; beside
    weights (C, 1, 1) they work channel by channel. Else (N, C, h w).
    """
    return x.permute(0, 2, 3, 1).flatten(2) if _is_last(x) else x.flatten(2)


def _slopes(weight: Tensor, x: Tensor) -> Tensor:
    """The slopes (C,) beside :func:`_rows`."""
    weight = weight.to(x.dtype)
    return weight.repeat(x.shape[3]) if _is_last(x) else weight.view(-1, 1)


def _like(grad: Tensor, x: Tensor) -> Tensor:
    last = torch.channels_last if _is_last(x) else torch.contiguous_format
    return grad.contiguous(memory_format=last)


class PReLU(nn.PReLU):
    r"""``nn.PReLU`` with one slope a channel, its gradient written out.

    .. math::
        \partial_x = g \; [x > 0] + a g \; [x \le 0], \qquad
        \partial_a = \sum_{n, h, w} g x \; [x \le 0]

    It uses vector instructions, unlike torch's kernel, and is faster on a CPU
    (``docs/speed.md``). On other devices it is torch's. Values and
    state dict equal torch's.
    """

    #: Whether to use this backward; can be set for an instance.
    fast_backward = True

    def forward(self, x: Tensor) -> Tensor:
        """Apply to a map (N, C, h, w)."""
        if (
            x.dim() == 4
            and self.weight.numel() == x.shape[1]
            and (_is_last(x) or x.is_contiguous())
        ):
            if _is_faster(self, x):
                return _PReLU.apply(x, self.weight)
            # In float32 torch's is as fast.
            if x.dtype == torch.bfloat16 and x.device.type == 'cpu':
                return _prelu(x, self.weight)
        return super().forward(x)


class _StridedConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, conv: nn.Conv2d) -> Tensor:
        ctx.save_for_backward(x, weight)
        geometry = conv.stride, conv.padding, conv.dilation
        ctx.geometry = (*geometry, False, (0, 0), conv.groups)
        return F.conv2d(x, weight, None, *geometry, conv.groups)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        backward = _aten.convolution_backward
        by_input = by_weight = None
        if ctx.needs_input_grad[0]:
            # This gradient needs only the layout of x, not its values.
            place = torch.empty_like(x, dtype=torch.float32)
            first = (True, False, False)
            by_input = backward(
                *(grad.float(), place, weight.float(), None),
                *ctx.geometry,
                first,
            )[0].to(x.dtype)
        if ctx.needs_input_grad[1]:
            second = (False, True, False)
            by_weight = backward(
                *(grad, x, weight, None), *ctx.geometry, second
            )[1]
        return by_input, by_weight, None


class StridedDepthwiseConv2d(nn.Conv2d):
    """``nn.Conv2d`` that computes its input's gradient in float32.

    In bfloat16 on a CPU that gradient takes ten times as long as in float32
    (``docs/speed.md``), so it is computed in float32 and rounded. Everything
    else is torch's.

    Args:
        channels (int): C.
        kernel_size (int): Of both sides.
        stride (int): Of both sides, at least 2.
        padding (int): Of all sides. Defaults to 0.
    """

    #: Whether to use this backward; can be set for an instance.
    fast_backward = True

    def __init__(
        self, channels: int, kernel_size: int, stride: int, padding: int = 0
    ) -> None:
        sizes = kernel_size, stride, padding
        super().__init__(
            channels, channels, *sizes, groups=channels, bias=False
        )

    def forward(self, x: Tensor) -> Tensor:
        """Apply to a map (N, C, h, w)."""
        if x.dtype == torch.bfloat16 and _is_faster(self, x):
            return _StridedConv.apply(x, self.weight.to(x.dtype), self)
        return super().forward(x)
