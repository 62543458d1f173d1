"""Mixed precision without loss scaling, on CPUs too."""

from contextlib import contextmanager, nullcontext

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from mmpose.registry import OPTIM_WRAPPERS

from mmpose_ctd.errors import InputError
from mmpose_ctd.machine import has_fast_bfloat16


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Runs the forward pass under autocast.

    mmengine's ``AmpOptimWrapper`` refuses a CPU and always scales the loss;
    bfloat16 needs no scaling.

    Args:
        dtype (str): ``'bfloat16'``; ``'float32'`` (no autocast); or
            ``'auto'``: bfloat16 on machines that are fast at it. Defaults to
            ``'auto'``.
        **kwargs: Arguments of ``OptimWrapper`` (optimizer, clip_grad,
            accumulative_counts ...).
    """

    def __init__(self, dtype: str = 'auto', **kwargs) -> None:
        super().__init__(**kwargs)
        if dtype not in ('auto', 'bfloat16', 'float32'):
            raise InputError(
                where='optim_wrapper.dtype',
                found=repr(dtype),
                expected='auto, bfloat16 or float32 (float16 needs the loss '
                'scaling of AmpOptimWrapper)',
            )
        self.device = get_device()
        if dtype == 'auto':
            fast = has_fast_bfloat16(self.device)
            dtype = 'bfloat16' if fast else 'float32'
        self.dtype = dtype

    @contextmanager
    def optim_context(self, model: torch.nn.Module):
        """Autocast, and mmengine's gradient accumulation context."""
        # Not a disabled autocast, which some devices do not have.
        autocast = nullcontext()
        if self.dtype == 'bfloat16':
            autocast = torch.autocast(
                self.device.split(':')[0], dtype=torch.bfloat16
            )
        with super().optim_context(model), autocast:
            yield
