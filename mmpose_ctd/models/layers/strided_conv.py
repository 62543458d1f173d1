"""A strided depthwise convolution with a fast backward in bfloat16."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

__all__ = ['StridedDepthwiseConv2d']

_backward = torch.ops.aten.convolution_backward


class _StridedConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, conv: nn.Conv2d) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.geometry = (
            conv.stride,
            conv.padding,
            conv.dilation,
            False,
            (0, 0),
            conv.groups,
        )
        return F.conv2d(
            x,
            weight,
            None,
            conv.stride,
            conv.padding,
            conv.dilation,
            conv.groups,
        )

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        by_input = by_weight = None
        if ctx.needs_input_grad[0]:
            # This gradient needs only the layout of x, not its values.
            place = torch.empty_like(x, dtype=torch.float32)
            by_input = _backward(
                grad.float(),
                place,
                weight.float(),
                None,
                *ctx.geometry,
                (True, False, False),
            )[0].to(x.dtype)
        if ctx.needs_input_grad[1]:
            by_weight = _backward(
                grad,
                x,
                weight,
                None,
                *ctx.geometry,
                (False, True, False),
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
        super().__init__(
            channels,
            channels,
            kernel_size,
            stride=stride,
            padding=padding,
            groups=channels,
            bias=False,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Apply to a map (N, C, h, w)."""
        ours = (
            self.fast_backward
            and torch.is_grad_enabled()
            and x.device.type == 'cpu'
            and x.dtype == torch.bfloat16
            and (x.requires_grad or self.weight.requires_grad)
            and not torch.compiler.is_compiling()
        )
        if not ours:
            return super().forward(x)
        return _StridedConv.apply(x, self.weight.to(x.dtype), self)
