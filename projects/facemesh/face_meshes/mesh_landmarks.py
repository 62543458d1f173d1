"""Turns meshes into landmarks that a model can learn without any label.

V: vertices of the mesh.
"""

from collections.abc import Sequence

import numpy as np

from mmpose_ctd.apis.mesh_fit import FaceFrame, to_complex
from mmpose_ctd.errors import InputError

__all__ = ['FEATURE_VERTICES', 'mesh_landmark_names', 'mesh_set']

#: Vertices of FaceMesh on eyelids, lips, nose, philtrum and chin. Those of
#: the cheeks and the forehead lie on skin without a mark.
FEATURE_VERTICES = (
    # Right eye, left eye.
    *(33, 7, 163, 144, 145, 153, 154, 155),
    *(133, 246, 161, 160, 159, 158, 157, 173),
    *(263, 249, 390, 373, 374, 380, 381, 382),
    *(362, 466, 388, 387, 386, 385, 384, 398),
    # Outer and inner border of the lips.
    *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375),
    *(291, 185, 40, 39, 37, 0, 267, 269, 270, 409),
    *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324),
    *(308, 191, 80, 81, 82, 13, 312, 311, 310, 415),
    # Nose and philtrum.
    *(1, 2, 4, 94, 164, 98, 327, 48, 278, 64, 294, 129, 358),
    *(60, 290, 97, 326, 167, 393),
    # Chin.
    *(152, 148, 377, 175, 199, 200, 18),
)


def mesh_landmark_names(
    meshes: np.ndarray, vertices: Sequence[int] = FEATURE_VERTICES
) -> list[str]:
    """Names of vertices by which mirror images know their partners.

    A vertex's partner is the one that lies nearest to its mirror image in
    the mean mesh. Partners share a number and end in ``_R`` and ``_L``, the
    subject's sides; vertices of the midline are their own.

    Args:
        meshes (np.ndarray): Of upright faces, pixels of the image,
            (N, V, 2 or 3).
        vertices (Sequence[int]): Numbers of vertices.

    Returns:
        list[str]: Such as ``'mesh_33_R'``, in their order.

    Raises:
        InputError: If a vertex does not exist.
    """
    if not 0 <= min(vertices) <= max(vertices) < meshes.shape[1]:
        raise InputError(
            f'vertices {min(vertices)} to {max(vertices)} are asked for, the '
            f'meshes have {meshes.shape[1]}.'
        )
    mean = FaceFrame.fit(to_complex(meshes)).mean
    # Upright again: the frame may turn a face in any way.
    turn = (mean.conj() * to_complex(meshes).mean(axis=0)).sum()
    mean = (mean * turn / abs(turn))[list(vertices)]
    mean = mean - _middle(mean)
    mirrored = -mean.conj()
    partner = np.abs(mirrored[:, None] - mean[None]).argmin(axis=1)
    names = []
    for i, j in enumerate(partner):
        number = min(vertices[i], vertices[int(j)])
        if i == j or partner[j] != i:
            names.append(f'mesh_{vertices[i]}')
        else:
            # The subject's right is at the image's left.
            side = 'R' if mean[i].real < mean[j].real else 'L'
            names.append(f'mesh_{number}_{side}')
    return names


def _middle(points: np.ndarray) -> complex:
    """Where the midline is; up and down stay as they are."""
    return complex((points.real.min() + points.real.max()) / 2)


def mesh_set(
    images: Sequence[dict],
    meshes: np.ndarray,
    vertices: Sequence[int] = FEATURE_VERTICES,
) -> dict:
    """A COCO keypoint file whose landmarks are vertices of the mesh.

    Args:
        images (Sequence[dict]): N image records.
        meshes (np.ndarray): Their meshes, pixels of the image, (N, V, 3);
            NaN where no face was found: those images are left out.
        vertices (Sequence[int]): Which become landmarks.

    Returns:
        dict: ``images``, ``annotations`` and ``categories``.
    """
    found = np.isfinite(meshes).all(axis=(1, 2))
    names = mesh_landmark_names(meshes[found], vertices)
    kept = [image for image, one in zip(images, found) if one]
    annotations = []
    for image, mesh in zip(kept, meshes[found]):
        points = mesh[list(vertices), :2]
        triples = np.column_stack([points, np.full(len(points), 2)])
        width, height = image['width'], image['height']
        annotations.append(
            dict(
                id=len(annotations) + 1,
                image_id=image['id'],
                category_id=1,
                keypoints=[round(float(v), 2) for v in triples.ravel()],
                num_keypoints=len(points),
                bbox=[0, 0, width, height],
                area=width * height,
                iscrowd=0,
            )
        )
    category = dict(id=1, name='face', keypoints=names, skeleton=[])
    return dict(images=kept, annotations=annotations, categories=[category])
