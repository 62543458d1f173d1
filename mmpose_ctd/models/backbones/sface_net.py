"""The trunk of SFace, a MobileNetV1-like face recogniser."""

from collections import OrderedDict

import torch.nn as nn
from mmpose.registry import MODELS
from torch.nn.modules.batchnorm import _BatchNorm

from mmpose_ctd.models.layers import PReLU, StridedDepthwiseConv2d

from .staged_backbone import MobileNetV1

BN_EPS = 1e-3


def _conv_unit(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int = 1,
    groups: int = 1,
) -> nn.Sequential:
    """Convolution (padded on all sides), BatchNorm, PReLU per channel."""
    padding = kernel_size // 2
    if stride > 1 and groups == in_channels == out_channels:
        conv = StridedDepthwiseConv2d(
            in_channels, kernel_size, stride, padding
        )
    else:
        conv = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            groups=groups,
            bias=False,
        )
    return nn.Sequential(
        OrderedDict(
            conv=conv,
            bn=nn.BatchNorm2d(out_channels, eps=BN_EPS),
            act=PReLU(out_channels),
        )
    )


@MODELS.register_module()
class SFaceNet(MobileNetV1):
    """SFace's trunk with its stages as outputs.

    A 3x3 convolution and thirteen depthwise-separable units. A stage is
    everything at one stride:

    =====  ======  ========  =====  ============
    index  stride  channels  units  at 112 x 112
    =====  ======  ========  =====  ============
    0      2       128       2      56 x 56
    1      4       256       2      28 x 28
    2      8       512       6      14 x 14
    3      16      1024      2      7 x 7
    =====  ======  ========  =====  ============

    Any input size is accepted. The input must be normalised: the published
    ONNX graph begins with ``(x - 127.5) / 128`` on RGB values of 0..255,
    which here is the data preprocessor's task. The class attributes state the
    convention.

    Args:
        out_indices (Sequence[int]): Stages to return, each of 0..3.
            Defaults to (3, ).
        norm_eval (bool): Whether BatchNorm stays in inference mode while
            training, its statistics fixed. Defaults to False.
        fast_backward (bool): Whether PReLU and strided convolutions use
            this package's backward, which is faster on CPUs and equal up to
            rounding. Defaults to True.
        init_cfg (dict or list[dict], optional): Initialization config.
            Defaults to None.
    """

    mean = (127.5, 127.5, 127.5)
    std = (128.0, 128.0, 128.0)
    input_size = (112, 112)

    def __init__(
        self,
        out_indices=(3,),
        norm_eval: bool = False,
        fast_backward: bool = True,
        init_cfg=None,
    ) -> None:
        super().__init__(_conv_unit, 1, out_indices, init_cfg)
        self.norm_eval = norm_eval
        for module in self.modules():
            if isinstance(module, (PReLU, StridedDepthwiseConv2d)):
                module.fast_backward = fast_backward

    def train(self, mode: bool = True) -> 'SFaceNet':
        """Set the mode; BatchNorm stays in inference mode if ``norm_eval``."""
        super().train(mode)
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self
