"""Predicted landmarks of textures on the meshes that they cover."""

from dataclasses import dataclass, field

import numpy as np

from mmpose_ctd.apis.lifting import surface_lengths
from mmpose_ctd.datasets.textured_mesh import SurfacePlaces, TexturedMesh
from mmpose_ctd.errors import listed

from .landmark_model import LandmarkModel


@dataclass
class FaceSurface:
    """A face's landmarks on its mesh.

    Attributes:
        points (np.ndarray): (K, 3), mm; NaN where not on the mesh.
        steps (np.ndarray): How they move with the place on the texture,
            (K, 3, 2), mm per pixel; NaN where not on the mesh.
        lengths (dict[str, float]): Distance -> its length along the surface,
            mm.
        remarks (list[str]): What is missing, and why.
    """

    points: np.ndarray
    steps: np.ndarray
    lengths: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def face_surface(
    mesh: TexturedMesh,
    pixels: np.ndarray,
    size: tuple[int, int],
    model: LandmarkModel,
    v_axis: str,
) -> FaceSurface:
    """Lift what can be lifted of K landmarks (K, 2), pixels of the texture.

    Landmarks that are on no part of the mesh, or on several, are NaN.
    """
    names = model.names
    found = mesh.find(pixels, size, v_axis)
    on = [k for k, one in enumerate(found) if isinstance(one, tuple)]
    face = FaceSurface(
        np.full((len(names), 3), np.nan), np.full((len(names), 3, 2), np.nan)
    )
    if on:
        places = SurfacePlaces(*map(np.array, zip(*(found[k] for k in on))))
        face.points[on], face.steps[on] = places.points, places.steps
        face.lengths, face.remarks = surface_lengths(
            mesh, places, [names[k] for k in on], model.measurements
        )
    off = [n for n, one in zip(names, found) if one is None]
    shared = [n for n, one in zip(names, found) if isinstance(one, float)]
    if off:
        face.remarks.append(f'not on the mesh: {listed(off)}')
    if shared:
        face.remarks.append(f'at several places of the mesh: {listed(shared)}')
    return face
