from .cifasd_dataset import CIFASDDataset
from .partly_labelled_batch_sampler import PartlyLabelledBatchSampler
from .partly_labelled_dataset import PartlyLabelledDataset
from .reduced_cifasd_dataset import ReducedCIFASDDataset
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
