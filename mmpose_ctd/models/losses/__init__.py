from .classifier_distill_loss import ClassifierDistillLoss
from .distill_loss import DistillLoss
from .encoder_distill_loss import EncoderDistillLoss
from .heatmap_frobenius_loss import HeatmapFrobeniusLoss
from .stage_distill_loss import StageDistillLoss

__all__ = [
    'ClassifierDistillLoss',
    'DistillLoss',
    'EncoderDistillLoss',
    'HeatmapFrobeniusLoss',
    'StageDistillLoss',
]
