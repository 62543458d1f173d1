"""Backbones whose outputs are the maps of their stages."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from mmpose.models.backbones.base_backbone import BaseBackbone
from torch import Tensor, nn

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
    #: Subtracted by the preprocessor, and divided by, on values of 0..255.
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    #: Order of the input's channels.
    channel_order = 'rgb'
    #: (width, height) in pixels that the published weights were trained at.
    input_size: tuple[int, int]

    def __init__(self, out_indices: Sequence[int], init_cfg=None) -> None:
        super().__init__(init_cfg=init_cfg)
        stages = len(self.arch_channels)
        indices = ()
        if isinstance(out_indices, Sequence):
            indices = tuple(out_indices)
        ascending = [i for i in range(stages) if i in indices]
        # bool is an int to Python, and True would silently mean stage 1.
        kinds = {type(i) for i in indices}
        if list(indices) != ascending or kinds != {int}:
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


class MobileNetV1(StagedBackbone):
    """Thirteen depthwise-separable units, the first one in the stem.

    Of width 1 (Howard et al., "MobileNets", 2017). Each stage strides in its
    first unit.

    Args:
        unit (Callable): Makes a convolution with what follows it, of
            ``(in_channels, out_channels, kernel_size, stride=1, groups=1)``.
        stem_stride (int): Stride of the first convolution.
        out_indices (Sequence[int]): See :class:`StagedBackbone`.
        init_cfg (dict or list[dict], optional): See there.
    """

    arch_channels = (128, 256, 512, 1024)
    #: Units of each stage.
    stage_units = (2, 2, 6, 2)

    def __init__(
        self,
        unit: Callable[..., nn.Module],
        stem_stride: int,
        out_indices: Sequence[int],
        init_cfg=None,
    ) -> None:
        super().__init__(out_indices, init_cfg)

        def separable(before: int, after: int, stride: int = 1) -> nn.Module:
            depthwise = unit(before, before, 3, stride, before)
            pointwise = unit(before, after, 1)
            return nn.Sequential(
                OrderedDict(depthwise=depthwise, pointwise=pointwise)
            )

        self.stem = nn.Sequential(
            unit(3, 32, 3, stem_stride), separable(32, 64)
        )
        channels = 64
        for index, (width, units) in enumerate(
            zip(self.arch_channels, self.stage_units)
        ):
            stage = [separable(channels, width, stride=2)]
            stage += [separable(width, width) for _ in range(units - 1)]
            self.add_module(f'stage{index + 1}', nn.Sequential(*stage))
            channels = width
