from .image_convention import ImageConvention, InputAdapter
from .source_config import build_source, source_config, source_state_of
from .source_model import SourceModel
from .teacher_holder import TeacherHolder

__all__ = [
    'ImageConvention',
    'InputAdapter',
    'SourceModel',
    'TeacherHolder',
    'build_source',
    'source_config',
    'source_state_of',
]
