from .load_landmark_image import LoadLandmarkImage
from .pack_landmark_inputs import PackLandmarkInputs

__all__ = ['LoadLandmarkImage', 'PackLandmarkInputs']
