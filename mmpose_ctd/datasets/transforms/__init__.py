from .find_face_box import FindFaceBox
from .find_mesh_box import FindMeshBox
from .load_and_pack import LoadLandmarkImage, PackLandmarkInputs
from .random_thin_plate_warp import RandomThinPlateWarp

__all__ = [
    'FindFaceBox',
    'FindMeshBox',
    'LoadLandmarkImage',
    'PackLandmarkInputs',
    'RandomThinPlateWarp',
]
