from .cifasd_dataset import CIFASDDataset
from .reduced_cifasd_dataset import ReducedCIFASDDataset
from .transforms import (
    LoadLandmarkImage,
    LoadReducedImage,
    PackLandmarkInputs,
    RandomThinPlateWarp,
    ReducedTopdownAffine,
)

__all__ = [
    'CIFASDDataset',
    'LoadLandmarkImage',
    'LoadReducedImage',
    'PackLandmarkInputs',
    'RandomThinPlateWarp',
    'ReducedCIFASDDataset',
    'ReducedTopdownAffine',
]
