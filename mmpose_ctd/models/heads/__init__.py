from .pooled_classifier import PooledClassifier
from .sface_embedding import SFaceEmbedding

__all__ = ['PooledClassifier', 'SFaceEmbedding']
