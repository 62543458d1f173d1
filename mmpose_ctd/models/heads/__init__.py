from .face_landmarker_v2_head import FaceLandmarkerV2Head
from .pooled_classifier import PooledClassifier
from .sface_embedding import SFaceEmbedding
from .site_heatmap_head import SiteHeatmapHead

__all__ = [
    'FaceLandmarkerV2Head',
    'PooledClassifier',
    'SFaceEmbedding',
    'SiteHeatmapHead',
]
