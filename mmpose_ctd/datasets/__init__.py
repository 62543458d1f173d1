from .cifasd_dataset import CIFASDDataset
from .transforms import LoadLandmarkImage, PackLandmarkInputs

__all__ = ['CIFASDDataset', 'LoadLandmarkImage', 'PackLandmarkInputs']
