from .face_landmarker_v2 import FaceLandmarkerV2
from .faceres_net import FaceResNet
from .sface_net import SFaceNet
from .vggface2_resnet import VGGFace2ResNet, VGGFace2SEResNet

__all__ = [
    'FaceLandmarkerV2',
    'FaceResNet',
    'SFaceNet',
    'VGGFace2ResNet',
    'VGGFace2SEResNet',
]
