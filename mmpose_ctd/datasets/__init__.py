from .cifasd_dataset import CIFASDDataset, ReducedCIFASDDataset
from .partly_labelled_batch_sampler import PartlyLabelledBatchSampler
from .partly_labelled_dataset import PartlyLabelledDataset
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
