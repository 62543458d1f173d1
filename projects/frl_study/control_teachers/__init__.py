"""Teachers that a method must beat to have learned from its own."""

from .batch_statistics_source import BatchStatisticsSourceModel
from .shuffled_source import ShuffledSourceModel

__all__ = ['BatchStatisticsSourceModel', 'ShuffledSourceModel']
