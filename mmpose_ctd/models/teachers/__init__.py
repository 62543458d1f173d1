from .batch_statistics_source import BatchStatisticsSourceModel
from .image_convention import ImageConvention, InputAdapter
from .random_source import RandomSourceModel
from .shuffled_source import ShuffledSourceModel
from .source_config import build_source, source_config, source_state_of
from .source_model import SourceModel
from .teacher_holder import TeacherHolder

__all__ = [
    'BatchStatisticsSourceModel',
    'ImageConvention',
    'InputAdapter',
    'RandomSourceModel',
    'ShuffledSourceModel',
    'SourceModel',
    'TeacherHolder',
    'build_source',
    'source_config',
    'source_state_of',
]
