from .cifasd_dataset import CIFASDDataset
from .reduced_cifasd_dataset import ReducedCIFASDDataset
from .transforms import (
    LoadLandmarkImage,
    LoadReducedImage,
    PackLandmarkInputs,
    ReducedTopdownAffine,
)

__all__ = [
    'CIFASDDataset',
    'LoadLandmarkImage',
    'LoadReducedImage',
    'PackLandmarkInputs',
    'ReducedCIFASDDataset',
    'ReducedTopdownAffine',
]
