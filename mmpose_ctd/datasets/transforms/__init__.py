from .find_face_box import FindFaceBox
from .load_landmark_image import LoadLandmarkImage
from .pack_landmark_inputs import PackLandmarkInputs
from .random_thin_plate_warp import RandomThinPlateWarp

__all__ = [
    'FindFaceBox',
    'LoadLandmarkImage',
    'PackLandmarkInputs',
    'RandomThinPlateWarp',
]
