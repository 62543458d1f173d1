"""VGGFace2's ResNet-50, as it was published."""

from mmpose.models.backbones import ResNet
from mmpose.registry import MODELS
from torch import nn

__all__ = ['VGGFace2ResNet']


@MODELS.register_module()
class VGGFace2ResNet(ResNet):
    """MMPose's ResNet in the form of the VGGFace2 face recogniser.

    It differs from MMPose's and torchvision's where weights load without a
    murmur and features change: the stride of a stage is in its first 1x1
    convolution (``style='caffe'``), and the max-pool has no padding but
    rounds up. Images are R, G, B of 0..255 less the mean (131.0912, 103.8827,
    91.4953), not divided. Source: Cao et al., "VGGFace2: A dataset for
    recognising faces across pose and age", FG 2018.

    Args:
        depth (int): Defaults to 50, the published one.
        **kwargs: Arguments of MMPose's ``ResNet``.
    """

    def __init__(self, depth: int = 50, **kwargs) -> None:
        super().__init__(depth=depth, style='caffe', **kwargs)
        # MMPose's has padding=1, hard-coded.
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=0, ceil_mode=True)
