from .cifasd_dataset import CIFASDDataset, ReducedCIFASDDataset
from .partly_labelled import (
    PartlyLabelledBatchSampler,
    PartlyLabelledDataset,
)
from .stacked_collate import stacked_collate
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
    'stacked_collate',
]
