"""VGGFace2's SE-ResNet-50, as it was published."""

from mmpose.models.backbones import SEResNet
from mmpose.registry import MODELS

from .vggface2_resnet import VGGFace2ResNet

__all__ = ['VGGFace2SEResNet']


@MODELS.register_module()
class VGGFace2SEResNet(VGGFace2ResNet, SEResNet):
    r"""VGGFace2's ResNet-50 with squeeze and excitation.

    The blocks are MMPose's ``SEResNet``'s: the last normalised map z of a
    block, (N, C, h, w), is weighted by channel before the shortcut is added,

    .. math::
        z \sigma(W_2 \max(0, W_1 \bar z + b_1) + b_2),

    with :math:`\bar z` the mean over the positions and C / 16 channels in
    between. Stem, strides and image convention are
    :class:`VGGFace2ResNet`'s. Source: Hu et al., "Squeeze-and-Excitation
    Networks", CVPR 2018; trained by Cao et al., FG 2018.

    Args:
        depth (int): Defaults to 50, the published one.
        **kwargs: Arguments of MMPose's ``SEResNet``.
    """
