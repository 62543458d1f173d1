from .image_convention import ImageConvention, InputAdapter
from .random_source import RandomSourceModel
from .source_config import build_source, source_config, source_state_of
from .source_model import SourceModel

__all__ = [
    'ImageConvention',
    'InputAdapter',
    'RandomSourceModel',
    'SourceModel',
    'build_source',
    'source_config',
    'source_state_of',
]
