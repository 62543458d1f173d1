from .find_face_box import FindFaceBox
from .load_landmark_image import LoadLandmarkImage
from .load_reduced_image import LoadReducedImage
from .pack_landmark_inputs import PackLandmarkInputs
from .random_thin_plate_warp import RandomThinPlateWarp
from .reduced_topdown_affine import ReducedTopdownAffine

__all__ = [
    'FindFaceBox',
    'LoadLandmarkImage',
    'LoadReducedImage',
    'PackLandmarkInputs',
    'RandomThinPlateWarp',
    'ReducedTopdownAffine',
]
