"""Takes the BatchNorms out of a network that is never trained."""

import copy

import torch
from mmcv.cnn import fuse_conv_bn
from mmengine.logging import print_log
from torch import Tensor, nn

__all__ = ['fold_batch_norms']

#: Largest difference, relative to a map's largest value, that rounding makes.
TOLERANCE = 1e-3


@torch.no_grad()
def fold_batch_norms(encoder: nn.Module, images: Tensor) -> nn.Module:
    """Fold BatchNorms into the convolutions before them, if that is the same.

    In inference mode a BatchNorm is an affine map a channel. mmcv's
    ``fuse_conv_bn`` tells from the order in which layers were defined which
    convolution it follows. A network may use them in another order, so both
    are run in float32 and compared.

    Args:
        encoder (nn.Module): A frozen network in inference mode; left as it
            is.
        images (Tensor): What it is fed, (N, 3, H, W).

    Returns:
        nn.Module: The folded copy; the encoder itself if a copy gives other
        maps, or if there is nothing to fold.
    """
    norms = [
        m
        for m in encoder.modules()
        if isinstance(m, nn.modules.batchnorm._BatchNorm)
    ]
    if not norms:
        return encoder
    folded = fuse_conv_bn(copy.deepcopy(encoder)).requires_grad_(False)
    folded.train(False)
    with torch.autocast(images.device.type, enabled=False):
        images = images.to(next(encoder.parameters()).dtype)
        before, after = (_maps(net(images)) for net in (encoder, folded))
    if all(_alike(a, b) for a, b in zip(before, after)):
        return folded
    print_log(
        f"The teacher's BatchNorms stay: {type(encoder).__name__} does not "
        'use its layers in the order in which it defines them.',
        'current',
    )
    return encoder


def _maps(outputs) -> tuple[Tensor, ...]:
    return (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)


def _alike(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).abs().max() <= TOLERANCE * a.abs().max())
