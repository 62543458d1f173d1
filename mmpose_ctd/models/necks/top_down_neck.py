"""Joins an encoder's maps into one at the finest stride."""

from collections.abc import Sequence

import torch.nn.functional as F
from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class TopDownNeck(BaseModule):
    """Adds 1x1 convolutions of all maps, from the deepest to the finest.

    The lateral part of a feature pyramid (Lin et al., "Feature Pyramid
    Networks for Object Detection", CVPR 2017), with bilinear enlargement and
    one output. For a head that needs no deconvolutions.

    Args:
        in_channels (Sequence[int]): Of the maps, from fine to deep.
        out_channels (int): Of the output.
        init_cfg (dict or list[dict], optional): Initialization config.
            Defaults to None: torch's.
    """

    def __init__(
        self, in_channels: Sequence[int], out_channels: int, init_cfg=None
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.laterals = nn.ModuleList(
            nn.Conv2d(width, out_channels, 1) for width in in_channels
        )

    def forward(self, feats: tuple[Tensor, ...]) -> tuple[Tensor]:
        """Maps (N, C_i, h_i, w_i) -> one map (N, C, h_0, w_0)."""
        maps = [lateral(x) for lateral, x in zip(self.laterals, feats)]
        total = maps.pop()
        while maps:
            finer = maps.pop()
            total = finer + F.interpolate(
                total, finer.shape[2:], mode='bilinear', align_corners=False
            )
        return (total,)
