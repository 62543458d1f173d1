from .cifasd_dataset import CIFASDDataset, ReducedCIFASDDataset
from .partly_labelled import (
    PartlyLabelledBatchSampler,
    PartlyLabelledDataset,
)
from .transforms import (
    LoadLandmarkImage,
    PackLandmarkInputs,
    RandomThinPlateWarp,
)

__all__ = [
    'CIFASDDataset',
    'LoadLandmarkImage',
    'PackLandmarkInputs',
    'PartlyLabelledBatchSampler',
    'PartlyLabelledDataset',
    'RandomThinPlateWarp',
    'ReducedCIFASDDataset',
]
