"""Ranks labelled points that are probably misplaced.

Each photograph is judged by landmarks that were found without its label. N:
photographs, K: landmarks.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from mmpose_ctd.datasets.annotation_file import find_annotation_file
from mmpose_ctd.datasets.checking import Thresholds
from mmpose_ctd.datasets.checking.survey import PhotoRecord, Survey
from mmpose_ctd.datasets.cross_fit import subject_folds
from mmpose_ctd.datasets.face_mesh import VIEWS, FaceMesh
from mmpose_ctd.datasets.mesh_fit import fit_mesh
from mmpose_ctd.datasets.upright_image import read_upright
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.files import write_whole
from mmpose_ctd.table_cells import csv_text
from mmpose_ctd.visualization import point_sheet

from .keypoint_results import read_keypoint_results

# With fewer subjects the usual distances are guesses.
_FEWEST = 10
# Usual distances below this share of the face's size are of no annotator.
_LEAST = 1e-3
# Median of a Rayleigh distribution, in standard deviations along each axis.
_MEDIAN = 1.1774
# Points on a sheet, and half a crop's side in sizes of the face.
_ON_SHEET, _REACH = 20, 0.6
_TITLES = (
    *('rank', 'image', 'landmark', 'x', 'y', 'expected_x', 'expected_y'),
    *('distance_px', 'deviations'),
)


@dataclass(frozen=True)
class SuspectPoint:
    """A labelled point, compared with where it is expected.

    Attributes:
        photo (PhotoRecord): Its image.
        landmark (str): Its name.
        point (np.ndarray): The label, pixels of the image, (2,).
        expected (np.ndarray): Where others put it, as the annotators of this
            set do on average, (2,).
        deviations (float): Their distance, in standard deviations of the
            landmark.
        size (float): Of the face: root mean square distance of its landmarks
            from their centre, pixels of the image.
    """

    photo: PhotoRecord
    landmark: str
    point: np.ndarray
    expected: np.ndarray
    deviations: float
    size: float

    @property
    def distance(self) -> float:
        """In pixels of the image."""
        return float(np.linalg.norm(self.point - self.expected))


@dataclass(frozen=True)
class LabelCheck:
    """What :func:`check_labels` found.

    Attributes:
        points (list[SuspectPoint]): All judged points, most suspicious
            first.
        photographs (int): Labelled photographs.
        judged (int): Photographs that were judged; on others no face was
            found, and no prediction was given.
    """

    points: list[SuspectPoint] = field(repr=False)
    photographs: int
    judged: int

    def write(
        self,
        folder: str | os.PathLike,
        looks: int = 40,
        show_ids: bool = False,
    ) -> list[str]:
        """Write ``points.csv`` and sheets of crops, ``sheet_01.png`` ...

        The crops show faces: they are as confidential as the photographs.

        Args:
            folder (str or PathLike): Earlier sheets in it are replaced.
            looks (int): Points that are written. Defaults to 40.
            show_ids (bool): Whether to name files instead of the records'
                numbers. Defaults to False.

        Returns:
            list[str]: The files, relative to the folder.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        shown = self.points[:looks]
        rows = (
            [
                *(rank, one.photo.shown(show_ids), one.landmark),
                *(f'{value:.2f}' for value in (*one.point, *one.expected)),
                *(f'{one.distance:.2f}', f'{one.deviations:.2f}'),
            ]
            for rank, one in enumerate(shown, 1)
        )
        table = csv_text(_TITLES, rows)
        write_whole(folder / 'points.csv', table.encode())
        written = ['points.csv']
        for old in folder.iterdir():
            if re.fullmatch(r'sheet_\d\d\.png', old.name):
                old.unlink()
        for start in range(0, len(shown), _ON_SHEET):
            part = shown[start : start + _ON_SHEET]
            picture = point_sheet(
                [read_upright(one.photo.path) for one in part],
                [one.point for one in part],
                [one.expected for one in part],
                [max(_REACH * one.size, one.distance) for one in part],
                [
                    f'{rank}. {one.photo.shown(show_ids)} {one.landmark} '
                    f'{one.distance:.1f} px'
                    for rank, one in enumerate(part, start + 1)
                ],
            )
            written.append(f'sheet_{start // _ON_SHEET + 1:02d}.png')
            data = cv2.imencode('.png', picture)[1].tobytes()
            write_whole(folder / written[-1], data)
        return written


def check_labels(
    data_dir: str | os.PathLike,
    *,
    ann_file: str | None = None,
    img_dir: str = 'images',
    predictions: Sequence[str] = (),
    checkpoint: str | None = None,
    on_face: Callable[[int, int], None] | None = None,
) -> LabelCheck:
    """Rank labelled points by how unlikely their place is.

    Points are compared with predictions that were made without the labels of
    their subject: by fits to the face's dense landmarks, each without a tenth
    of the subjects, and by trained models, given as files. If a photograph
    has both, their mean counts.

    Args:
        data_dir (str or PathLike): Folder of the set.
        ann_file (str, optional): Annotation file, relative to it. Defaults
            to the one that is there.
        img_dir (str): Folder of the images, relative to it. Defaults to
            ``'images'``.
        predictions (Sequence[str]): Files of ``tools/test.py --keypoints``,
            of models that did not train on the photographs in them.
        checkpoint (str, optional): Of the dense landmarks, see
            :class:`.FaceMesh`. May be missing if there are predictions.
        on_face (Callable, optional): Called with the number of finished
            photographs and of all.

    Returns:
        LabelCheck: The points, most suspicious first.

    Raises:
        MissingFileError: If a file does not exist.
        InputError: If the set or a file cannot be used, or fewer than ten
            subjects can be judged.

    Examples:
        >>> found = check_labels('data/myset')  # doctest: +SKIP
        >>> found.write('suspects', looks=40)  # doctest: +SKIP
        ['points.csv', 'sheet_01.png', 'sheet_02.png']
    """
    root = Path(data_dir)
    ann_file = ann_file or find_annotation_file(
        root, cure='Name it with --ann-file.'
    )
    survey = Survey(root, ann_file, img_dir, Thresholds())
    photos = [p for p in survey.labelled if p.path and p.path.is_file()]
    points = np.array([photo.points for photo in photos])
    points = points.reshape(-1, len(survey.names), 2)
    subjects = np.array([p.subject or f'#{p.place}' for p in photos])
    found = [_predicted(file, photos, points.shape) for file in predictions]
    try:
        mesh = FaceMesh(checkpoint)
    except MissingFileError:
        if not predictions:
            raise
    else:
        meshes = _meshes(mesh, photos, on_face)
        sites = [photo.site for photo in photos]
        found.append(cross_fitted(meshes, points, subjects, sites))
    expected = np.ma.masked_invalid(found).mean(axis=0).filled(np.nan)
    judged = np.isfinite(expected + points).all(axis=2).any(axis=1)
    people = len({*subjects[judged]})
    if people < _FEWEST:
        raise InputError(
            where='--labels',
            found=f'faces of {people} subjects that can be judged',
            expected=f'at least {_FEWEST}',
            cure='Without a face that is found, give predictions of trained '
            'models: --predictions FILE.json (tools/test.py --keypoints).',
        )
    expected, deviations, sizes = judge(points, expected)
    order = np.argsort(-np.nan_to_num(deviations, nan=-1), axis=None)
    places = zip(*np.unravel_index(order, deviations.shape))
    suspects = [
        SuspectPoint(
            photos[n],
            survey.names[k],
            points[n, k],
            expected[n, k],
            float(deviations[n, k]),
            float(sizes[n]),
        )
        for n, k in places
        if np.isfinite(deviations[n, k])
    ]
    return LabelCheck(suspects, len(photos), int(judged.sum()))


def cross_fitted(
    meshes: np.ndarray,
    points: np.ndarray,
    subjects: np.ndarray,
    sites: Sequence[str],
) -> np.ndarray:
    """Landmarks by fits to the meshes of other subjects, (N, K, 2).

    A site whose annotator places landmarks differently has offsets of its
    own.

    Args:
        meshes (np.ndarray): (N, V, 2 or more), NaN without a face.
        points (np.ndarray): Labels in pixels, (N, K, 2), NaN where missing.
        subjects (np.ndarray): (N,).
        sites (Sequence[str]): N names, ``''`` where unknown.
    """
    sites = np.asarray(sites, dtype=object)
    expected = np.full(points.shape, np.nan)
    seen = np.isfinite(meshes).all(axis=(1, 2))
    fold = subject_folds(subjects)
    for part in range(fold.max(initial=-1) + 1):
        out, others = seen & (fold == part), seen & (fold != part)
        if out.any() and others.any():
            fit = fit_mesh(
                *(meshes[others], points[others]),
                *(subjects[others], sites[others].tolist()),
            )
            expected[out] = fit.predict(meshes[out], sites[out].tolist())
    return expected


def judge(
    points: np.ndarray, expected: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Distances of labels from their expected places.

    With residuals in sizes of their face, :math:`r_{nk} = (p_{nk} -
    e_{nk}) / s_n`, a landmark's systematic difference is their median
    :math:`m_k`, its standard deviation :math:`\sigma_k =
    \operatorname{median}_n \lVert r_{nk} - m_k \rVert / 1.177`. Neither is
    moved by a few misplaced labels.

    Args:
        points (np.ndarray): Labels in pixels, (N, K, 2), NaN where missing.
        expected (np.ndarray): Predictions in pixels, (N, K, 2).

    Returns:
        tuple[np.ndarray, np.ndarray, np.ndarray]: Expected places with the
        systematic difference, (N, K, 2); deviations :math:`\lVert r_{nk} -
        m_k \rVert / \sigma_k`, (N, K), NaN where not known; and sizes of the
        faces in pixels, (N,).
    """
    spread = np.ma.masked_invalid(expected).var(axis=1).sum(axis=1)
    sizes = np.ma.maximum(np.ma.sqrt(spread), 1.0).filled(np.nan)
    scale = sizes[:, None, None]
    rest = (points - expected) / scale
    judged = np.isfinite(rest).all(axis=2)
    middle = np.zeros((points.shape[1], 2))
    usual = np.ones(points.shape[1])
    for k in np.flatnonzero(judged.any(axis=0)):
        own = rest[judged[:, k], k]
        middle[k] = np.median(own, axis=0)
        distance = np.median(np.linalg.norm(own - middle[k], axis=1))
        usual[k] = max(distance / _MEDIAN, _LEAST)
    deviations = np.linalg.norm(rest - middle, axis=2) / usual
    return expected + middle * scale, deviations, sizes


def _meshes(
    mesh: FaceMesh,
    photos: Sequence[PhotoRecord],
    on_face: Callable[[int, int], None] | None,
) -> np.ndarray:
    """Dense landmarks of N photographs, (N, V, 3); NaN without a face."""
    found = []
    for photo in photos:
        try:
            points = mesh.find(read_upright(photo.path), views=len(VIEWS))
        except InputError:
            # Other checks report damaged files.
            points = None
        found.append(points)
        if on_face is not None:
            on_face(len(found), len(photos))
    none = np.full((1, 3), np.nan)
    none = next((p for p in found if p is not None), none) * np.nan
    return np.stack([none if p is None else p for p in found])


def _predicted(
    file: str, photos: Sequence[PhotoRecord], shape: tuple[int, ...]
) -> np.ndarray:
    """A file's landmarks (N, K, 2); NaN for images that it lacks."""
    results = read_keypoint_results(file)
    found = np.full(shape, np.nan)
    for n, photo in enumerate(photos):
        own = results.get(photo.record.get('id'))
        if own is None:
            continue
        if own.shape != shape[1:]:
            raise InputError(
                where=f'{file}: image {photo.number}',
                found=f'{len(own)} points',
                expected=f'{shape[1]}, as in the set',
            )
        found[n] = own
    if not np.isfinite(found).any():
        raise InputError(
            where=file,
            found='predictions of other images than those of the set',
            expected='tools/test.py --keypoints, tested on this set',
        )
    return found
