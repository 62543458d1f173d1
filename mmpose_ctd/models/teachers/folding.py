"""Folds BatchNorms of a frozen network into its convolutions."""

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
    """Fold BatchNorms into the convolutions before them, if maps stay equal.

    mmcv's ``fuse_conv_bn`` assumes that layers run in the order of their
    definition. Therefore both networks are run in float32 and compared.

    Args:
        encoder (nn.Module): A frozen network in inference mode; not changed.
        images (Tensor): Input images, (N, 3, H, W).

    Returns:
        nn.Module: The folded copy; the encoder itself if the copy's maps
        differ or there is nothing to fold.
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
    if all(_close(a, b) for a, b in zip(before, after)):
        return folded
    print_log(
        f"The teacher's BatchNorms are not folded: {type(encoder).__name__} "
        'runs its layers in another order than it defines them.',
        'current',
    )
    return encoder


def _maps(outputs) -> tuple[Tensor, ...]:
    return (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)


def _close(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).abs().max() <= TOLERANCE * a.abs().max())
