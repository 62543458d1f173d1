from .attention_distill_loss import AttentionDistillLoss
from .channel_attention_distill_loss import ChannelAttentionDistillLoss
from .classifier_distill_loss import ClassifierDistillLoss
from .delta_loss import DELTALoss
from .distill_loss import DistillLoss
from .encoder_distill_loss import EncoderDistillLoss
from .heatmap_frobenius_loss import HeatmapFrobeniusLoss
from .hint_loss import HintLoss
from .l2sp_loss import L2SPLoss
from .spatial_attention_distill_loss import SpatialAttentionDistillLoss
from .stage_distill_loss import StageDistillLoss

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
    'SpatialAttentionDistillLoss',
    'StageDistillLoss',
]
