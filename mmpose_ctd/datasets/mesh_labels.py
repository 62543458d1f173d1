"""Gives unlabelled faces the landmarks that their dense landmarks suggest."""

from collections.abc import Sequence

import numpy as np

from mmpose_ctd.errors import InputError

from .landmark_file import subject_of
from .mesh_fit import fit_mesh
from .transforms.find_face_box import FindMeshBox
from .transforms.load_and_pack import LoadLandmarkImage

_FEWEST = 2


def label_by_mesh(
    labelled: Sequence[dict], unlabelled: Sequence[dict]
) -> list[dict]:
    """Fit a vertex and an offset to labelled faces, and label the others.

    MediaPipe's second face landmarker finds 478 dense landmarks of each
    face. See :func:`.fit_mesh` for what is fitted; each site has offsets of
    its own.

    Both are MMPose's data infos. Returns those of ``unlabelled`` on which the
    network sees a face, with ``keypoints`` (1, K, 2), in pixels of the image,
    and ``keypoints_visible``. A landmark that no labelled face has is not
    visible.

    Raises:
        MissingFileError: If there is no checkpoint of the network.
        InputError: If the network sees fewer than two labelled faces.
    """
    known, meshes = _with_meshes(labelled)
    if len(known) < _FEWEST:
        raise InputError(
            where='dataset.unlabelled.mesh_labels',
            found=f'dense landmarks on {len(known)} of {len(labelled)} '
            'labelled images',
            expected=f'at least {_FEWEST} faces to fit to',
            cure='Leave mesh_labels out, or label more photographs of faces.',
        )
    points = np.stack([info['keypoints'][0] for info in known]).astype(float)
    visible = np.stack([info['keypoints_visible'][0] for info in known]) > 0
    fitted = fit_mesh(
        meshes,
        np.where(visible[..., None], points, np.nan),
        [subject_of(info) or f'image {info["img_id"]}' for info in known],
        [_site(info) for info in known],
    )
    found, meshes = _with_meshes(unlabelled)
    if not found:
        return []
    predicted = fitted.predict(meshes, [_site(info) for info in found])
    for info, face in zip(found, predicted):
        seen = np.isfinite(face).all(axis=1)
        face = np.where(seen[:, None], face, 0)
        info['keypoints'] = face[None].astype(np.float32)
        info['keypoints_visible'] = seen[None].astype(np.float32)
    return found


def _with_meshes(infos: Sequence[dict]) -> tuple[list[dict], np.ndarray]:
    """Those with a face, and their dense landmarks (n, 478, 3)."""
    # Imported here: torch models are needed by this option only.
    from .face_mesh import mesh_points

    load = LoadLandmarkImage()
    found, meshes = [], []
    for info in infos:
        results = load(dict(img_path=info['img_path']))
        points = mesh_points(results['img'])
        FindMeshBox.remember(results, points)
        if points is not None:
            found.append(info)
            meshes.append(points)
    return found, np.array(meshes)


def _site(info: dict) -> str:
    return str(info.get('site') or '')
