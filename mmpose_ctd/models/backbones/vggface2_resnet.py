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
    rounds up. BatchNorm's epsilon is 1e-5. Images are R, G, B of 0..255 less
    the mean (131.0912, 103.8827, 91.4953), not divided; the class attributes
    state it, for whoever has to build that preprocessor. Source: Cao et al.,
    "VGGFace2: A dataset for recognising faces across pose and age", FG 2018.

    Args:
        depth (int): Defaults to 50, the published one.
        **kwargs: Arguments of MMPose's ``ResNet``.
    """

    #: What the preprocessor subtracts, and by what it then divides, on
    #: values of 0..255 in the order of ``channel_order``.
    mean = (131.0912, 103.8827, 91.4953)
    std = (1.0, 1.0, 1.0)
    #: Order of the input's channels, once the weights are converted.
    channel_order = 'rgb'
    #: (width, height) in pixels that the published weights were trained at.
    input_size = (224, 224)

    def __init__(self, depth: int = 50, **kwargs) -> None:
        super().__init__(depth=depth, style='caffe', **kwargs)
        # MMPose's has padding=1, hard-coded.
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=0, ceil_mode=True)
