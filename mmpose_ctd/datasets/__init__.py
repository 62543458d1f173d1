from .cifasd_dataset import CIFASDDataset
from .transforms import *  # noqa: F403

__all__ = ['CIFASDDataset']
