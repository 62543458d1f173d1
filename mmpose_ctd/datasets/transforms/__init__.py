from .find_face_box import FindFaceBox, FindMeshBox
from .load_and_pack import LoadLandmarkImage, PackLandmarkInputs
from .random_thin_plate_warp import RandomThinPlateWarp

__all__ = [
    'FindFaceBox',
    'FindMeshBox',
    'LoadLandmarkImage',
    'PackLandmarkInputs',
    'RandomThinPlateWarp',
]
