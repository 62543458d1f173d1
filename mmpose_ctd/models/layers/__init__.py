from .prelu import PReLU
from .strided_conv import StridedDepthwiseConv2d

__all__ = ['PReLU', 'StridedDepthwiseConv2d']
