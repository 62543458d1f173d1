from .image_convention import ImageConvention, InputAdapter
from .source_model import SourceModel
from .teacher_holder import TeacherHolder

__all__ = [
    'ImageConvention',
    'InputAdapter',
    'SourceModel',
    'TeacherHolder',
]
