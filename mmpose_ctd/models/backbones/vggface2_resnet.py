"""VGGFace2's ResNet-50 and SE-ResNet-50, as they were published."""

from mmpose.models.backbones import ResNet, SEResNet
from mmpose.registry import MODELS
from torch import nn


@MODELS.register_module()
class VGGFace2ResNet(ResNet):
    """MMPose's ResNet in the form of the VGGFace2 face recogniser.

    It differs from MMPose's and torchvision's in two points that no shape of
    a weight shows: a stage strides in its first 1x1 convolution
    (``style='caffe'``), and the max-pool has no padding but rounds up.
    BatchNorm's epsilon is 1e-5. The input is R, G, B of 0..255 minus
    :attr:`mean`, not divided. Source: Cao et al., "VGGFace2: A dataset for
    recognising faces across pose and age", FG 2018.

    Args:
        depth (int): Defaults to 50, the published one.
        **kwargs: Arguments of MMPose's ``ResNet``.
    """

    #: Subtracted, and divided by, on values of 0..255 in ``channel_order``.
    mean = (131.0912, 103.8827, 91.4953)
    std = (1.0, 1.0, 1.0)
    #: Order of the input's channels, after conversion of the weights.
    channel_order = 'rgb'
    #: (width, height) in pixels that the published weights were trained at.
    input_size = (224, 224)

    def __init__(self, depth: int = 50, **kwargs) -> None:
        super().__init__(depth=depth, style='caffe', **kwargs)
        # MMPose hard-codes padding=1.
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=0, ceil_mode=True)


@MODELS.register_module()
class VGGFace2SEResNet(VGGFace2ResNet, SEResNet):
    r"""VGGFace2's ResNet-50 with squeeze and excitation.

    The blocks are those of MMPose's ``SEResNet``: the last normalised map z of
    a block, (N, C, h, w), is weighted by channel before the shortcut is added,

    .. math::
        z \sigma(W_2 \max(0, W_1 \bar z + b_1) + b_2),

    with :math:`\bar z` the mean over the positions and C / 16 channels in
    between. Source: Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018;
    trained by Cao et al., FG 2018.

    Args:
        depth (int): Defaults to 50, the published one.
        **kwargs: Arguments of MMPose's ``SEResNet``.
    """
