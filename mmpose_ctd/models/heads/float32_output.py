"""Lets any MMPose head work under bfloat16 autocast."""

import functools

import torch
from torch import Tensor, nn


def _to_float32(output):
    if isinstance(output, Tensor):
        half = output.dtype in (torch.bfloat16, torch.float16)
        return output.float() if half else output
    if isinstance(output, (tuple, list)):
        return type(output)(_to_float32(item) for item in output)
    return output


@functools.cache
def _float32_class(cls: type) -> type:
    class Float32Output(cls):
        gives_float32 = True

        def forward(self, *args, **kwargs):
            return _to_float32(super().forward(*args, **kwargs))

    Float32Output.__name__ = cls.__name__
    Float32Output.__qualname__ = cls.__qualname__
    Float32Output.__module__ = cls.__module__
    return Float32Output


def give_float32(head: nn.Module) -> nn.Module:
    """Make a head's ``forward`` return float32, whatever it computes in.

    MMPose's heads convert their outputs to numpy, which has no bfloat16. They
    call ``self.forward`` directly, so a forward hook would not run. Therefore
    the head's class is replaced in place by a subclass; state dict,
    ``isinstance``, ``deepcopy`` and the printed name do not change.

    Returns:
        nn.Module: The same head.
    """
    if not getattr(head, 'gives_float32', False):
        head.__class__ = _float32_class(type(head))
    return head
