from .faceres_net import FaceResNet
from .sface_net import SFaceNet
from .vggface2_resnet import VGGFace2ResNet, VGGFace2SEResNet

__all__ = ['FaceResNet', 'SFaceNet', 'VGGFace2ResNet', 'VGGFace2SEResNet']
