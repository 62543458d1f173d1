from .sface_net import SFaceNet
from .vggface2_resnet import VGGFace2ResNet
from .vggface2_se_resnet import VGGFace2SEResNet

__all__ = ['SFaceNet', 'VGGFace2ResNet', 'VGGFace2SEResNet']
