"""The trunk of MediaPipe's second face landmarker."""

from collections import OrderedDict

import torch.nn.functional as F
from mmcv.cnn.bricks import Conv2dAdaptivePadding
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.layers import PReLU

from .staged_backbone import StagedBackbone


class Bottleneck(nn.Module):
    """Convolutions of few channels, added to a shortcut.

    ``reduce`` (1x1), PReLU, ``depthwise`` (3x3), ``expand`` (1x1), sum with
    the shortcut, PReLU. With ``down``, ``reduce`` is 2x2 with stride 2, and
    the shortcut is a 2x2 max-pool with zeros for its missing channels.

    Args:
        in_channels (int): Of the input.
        mid_channels (int): Of the depthwise convolution.
        out_channels (int): Of the output, at least ``in_channels``.
        down (bool): Whether to halve the map. Defaults to False.
    """

    def __init__(
        self,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        down: bool = False,
    ) -> None:
        super().__init__()
        kernel = 2 if down else 1
        self.down = down
        self.new_channels = out_channels - in_channels
        self.reduce = nn.Conv2d(in_channels, mid_channels, kernel, kernel)
        self.act1 = PReLU(mid_channels)
        self.depthwise = nn.Conv2d(
            *(mid_channels, mid_channels, 3),
            padding=1,
            groups=mid_channels,
            bias=False,
        )
        self.expand = nn.Conv2d(mid_channels, out_channels, 1)
        self.act2 = PReLU(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C', h, w), or half of h and w."""
        y = self.expand(self.depthwise(self.act1(self.reduce(x))))
        if self.down:
            x = F.max_pool2d(x, 2)
        if self.new_channels:
            x = F.pad(x, (0, 0, 0, 0, 0, self.new_channels))
        return self.act2(x + y)


def bottleneck_stage(
    in_channels: int, mid_channels: int, out_channels: int
) -> nn.Sequential:
    """A block that halves the map, and four at its size."""
    down = Bottleneck(in_channels, mid_channels, out_channels, down=True)
    same = (
        Bottleneck(out_channels, mid_channels, out_channels) for _ in range(4)
    )
    return nn.Sequential(down, *same)


@MODELS.register_module()
class FaceLandmarkerV2(StagedBackbone):
    """Trunk of MediaPipe's second face landmarker, with its stages as outputs.

    Rebuilt from the published graph (``face_landmarks_detector.tflite`` in
    ``face_landmarker.task``, float16, version 1; Google, Apache-2.0). The
    network finds 478 dense landmarks of a face; see
    :class:`FaceLandmarkerV2Head`. It has no BatchNorm.

    =====  ======  ========  ============
    index  stride  channels  at 256 x 256
    =====  ======  ========  ============
    0      4       32        64 x 64
    1      8       64        32 x 32
    2      16      128       16 x 16
    3      32      128       8 x 8
    4      64      128       4 x 4
    =====  ======  ========  ============

    Height and width of the input must be multiples of the last stage's
    stride. The input is R, G, B of 0..1: the class attributes state it for
    pixel values of 0..255.

    Args:
        out_indices (Sequence[int]): Stages to return, each of 0..4.
            Defaults to (0, 1, 2, 3, 4).
        fast_backward (bool): Whether PReLU uses this package's backward,
            which is faster on CPUs and equal up to rounding. Defaults to
            True.
        init_cfg (dict or list[dict], optional): Initialization config.
            Defaults to None.
    """

    arch_channels = (32, 64, 128, 128, 128)
    #: Pixels of the input for one position of each stage.
    arch_strides = (4, 8, 16, 32, 64)
    mean = (0.0, 0.0, 0.0)
    std = (255.0, 255.0, 255.0)
    input_size = (256, 256)

    _stem_channels = 16
    _mid_channels = (16, 32, 64, 64, 64)

    def __init__(
        self,
        out_indices=(0, 1, 2, 3, 4),
        fast_backward: bool = True,
        init_cfg=None,
    ) -> None:
        super().__init__(out_indices, init_cfg)
        channels = self._stem_channels
        stem = [
            # TensorFlow's padding "SAME": one more zero right and below.
            ('conv', Conv2dAdaptivePadding(3, channels, 3, stride=2)),
            ('act', PReLU(channels)),
        ]
        stem += [
            (f'block{i}', Bottleneck(channels, channels // 2, channels))
            for i in range(1, 5)
        ]
        self.stem = nn.Sequential(OrderedDict(stem))
        for index, (mid, width) in enumerate(
            zip(self._mid_channels, self.arch_channels), start=1
        ):
            stage = bottleneck_stage(channels, mid, width)
            self.add_module(f'stage{index}', stage)
            channels = width
        for module in self.modules():
            if isinstance(module, PReLU):
                module.fast_backward = fast_backward

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the maps.

        Args:
            x (Tensor): Normalised RGB images, (N, 3, H, W).

        Returns:
            tuple[Tensor]: For each of ``out_indices`` a map of shape
            (N, C, H / s, W / s), with the stage's channels C and stride s.

        Raises:
            InputError: If H or W is not a multiple of the last stride.
        """
        stride = self.arch_strides[self.out_indices[-1]]
        height, width = x.shape[-2:]
        if height % stride or width % stride or not height * width:
            raise InputError(
                where='FaceLandmarkerV2: input',
                found=f'{width} x {height} pixels',
                expected=f'multiples of {stride}',
                cure='Choose another input size, such as 256 x 256.',
            )
        return super().forward(x)
