"""A backbone whose outputs are the maps of its stages."""

from collections.abc import Sequence

from mmpose.models.backbones.base_backbone import BaseBackbone
from torch import Tensor

from mmpose_ctd.errors import InputError


class StagedBackbone(BaseBackbone):
    """Runs ``stem``, then ``stage1``, ``stage2`` ...; subclasses set them.

    Args:
        out_indices (Sequence[int]): Stages to return, from 0, ascending.
        init_cfg (dict or list[dict], optional): Initialization config.
            Defaults to None.

    Raises:
        InputError: If ``out_indices`` are not ascending stages.
    """

    #: Channels of the stages, for heads and connectors.
    arch_channels: tuple[int, ...]

    def __init__(self, out_indices: Sequence[int], init_cfg=None) -> None:
        super().__init__(init_cfg=init_cfg)
        stages = len(self.arch_channels)
        try:
            indices = tuple(out_indices)
        except TypeError:
            indices = ()
        # bool is an int to Python, and True would silently mean stage 1.
        valid = bool(indices) and all(
            type(i) is int and 0 <= i < stages for i in indices
        )
        if not valid or list(indices) != sorted(set(indices)):
            raise InputError(
                where=f'{type(self).__name__}: out_indices',
                found=repr(out_indices),
                expected='ascending, distinct stage indices from 0 to '
                f'{stages - 1}, such as ({stages - 1},)',
            )
        self.out_indices = indices

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the stages of ``out_indices``.

        Args:
            x (Tensor): Images in the network's convention, (N, 3, H, W).

        Returns:
            tuple[Tensor]: For each of ``out_indices`` a map (N, C, h, w), with
            the stage's channels C.
        """
        x = self.stem(x)
        outs = []
        # Later stages are not needed.
        for index in range(self.out_indices[-1] + 1):
            x = getattr(self, f'stage{index + 1}')(x)
            if index in self.out_indices:
                outs.append(x)
        return tuple(outs)

    def train(self, mode: bool = True) -> 'StagedBackbone':
        """Set the mode. (MMPose's ``BaseBackbone`` returns None.)"""
        super().train(mode)
        return self
