"""The trunk of FaceRes, a MobileNetV1 that learned VGGFace2's people."""

from collections import OrderedDict

from mmcv.cnn.bricks import Conv2dAdaptivePadding
from mmpose.registry import MODELS
from torch import nn

from .staged_backbone import MobileNetV1


def _unit(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int = 1,
    groups: int = 1,
) -> nn.Sequential:
    """Convolution with TensorFlow's "SAME" padding, then ReLU6."""
    conv = Conv2dAdaptivePadding(
        in_channels, out_channels, kernel_size, stride, groups=groups
    )
    return nn.Sequential(OrderedDict(conv=conv, act=nn.ReLU6(inplace=True)))


@MODELS.register_module()
class FaceResNet(MobileNetV1):
    """FaceRes's trunk with its stages as outputs.

    MobileNetV1 of width 1: a strided 3x3 convolution and thirteen
    depthwise-separable units. The published network has its BatchNorm folded
    into the convolutions, so teacher and student normalise in the same way.
    A stage is everything at one stride:

    =====  ======  ========  =====  ============
    index  stride  channels  units  at 224 x 224
    =====  ======  ========  =====  ============
    0      4       128       2      56 x 56
    1      8       256       2      28 x 28
    2      16      512       6      14 x 14
    3      32      1024      2      7 x 7
    =====  ======  ========  =====  ============

    Any input size is accepted. Strided convolutions pad as TensorFlow's
    "SAME": on even sizes only right and below. Source of the architecture:
    Howard et al., "MobileNets", 2017; of the weights: Savchenko, PeerJ
    Computer Science 5:e197, 2019.

    Args:
        out_indices (Sequence[int]): Stages to return, each of 0..3,
            ascending. Defaults to (3, ).
        init_cfg (dict or list[dict], optional): Initialization config.
            Defaults to None.
    """

    mean = (0.0, 0.0, 0.0)
    std = (1.0, 1.0, 1.0)
    input_size = (224, 224)

    def __init__(self, out_indices=(3,), init_cfg=None) -> None:
        super().__init__(_unit, 2, out_indices, init_cfg)
