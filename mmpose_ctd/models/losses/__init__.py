from .attention_distill_losses import (
    AttentionDistillLoss,
    ChannelAttentionDistillLoss,
    SpatialAttentionDistillLoss,
)
from .classifier_distill_loss import ClassifierDistillLoss
from .delta_loss import DELTALoss
from .distill_loss import DistillLoss, PointwiseConnector, StageDistillLoss
from .encoder_distill_loss import EncoderDistillLoss
from .heatmap_frobenius_loss import HeatmapFrobeniusLoss
from .hint_loss import HintLoss
from .l2sp_loss import L2SPLoss

__all__ = [
    'AttentionDistillLoss',
    'ChannelAttentionDistillLoss',
    'ClassifierDistillLoss',
    'DELTALoss',
    'DistillLoss',
    'EncoderDistillLoss',
    'HeatmapFrobeniusLoss',
    'HintLoss',
    'L2SPLoss',
    'PointwiseConnector',
    'SpatialAttentionDistillLoss',
    'StageDistillLoss',
]
