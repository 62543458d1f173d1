from .pack_landmark_inputs import PackLandmarkInputs

__all__ = ['PackLandmarkInputs']
