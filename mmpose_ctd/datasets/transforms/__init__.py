from .find_face_box import FindFaceBox
from .find_mesh_box import FindMeshBox
from .load_landmark_image import LoadLandmarkImage
from .pack_landmark_inputs import PackLandmarkInputs
from .random_thin_plate_warp import RandomThinPlateWarp

__all__ = [
    'FindFaceBox',
    'FindMeshBox',
    'LoadLandmarkImage',
    'PackLandmarkInputs',
    'RandomThinPlateWarp',
]
