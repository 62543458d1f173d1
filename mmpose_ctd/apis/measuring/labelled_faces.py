"""Labelled faces of a config's data, and what a model finds on them."""

import copy
from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple

import numpy as np
from mmengine.config import Config
from mmpose.registry import DATASETS, TRANSFORMS
from rich.progress import track

from mmpose_ctd.config_values import is_number
from mmpose_ctd.datasets.face_detection import detect_face
from mmpose_ctd.datasets.landmark_file import subject_of
from mmpose_ctd.datasets.partly_labelled import labelled_part
from mmpose_ctd.errors import InputError

from .framing import (
    Framing,
    frame_by_template,
    landmark_template,
)
from .landmark_model import LandmarkModel, locate

_BATCH = 8
# Training faces that show how all are framed.
_SHOW_FRAMING = 200


class LabelledFaces(NamedTuple):
    """N faces with true landmarks.

    Attributes:
        paths (list[str]): Their images.
        frames (list[Frame]): What the network sees of each in training.
        points (np.ndarray): True landmarks, image pixels, (N, K, 2), NaN
            where not labelled.
        subjects (np.ndarray): Who it is, (N,); a name of its own for each
            image without subject.
        sites (list): Where it was taken, or None.
        ages (list): In years, or None.
    """

    paths: list
    frames: list
    points: np.ndarray
    subjects: np.ndarray
    sites: list
    ages: list = ()

    def __len__(self) -> int:
        return len(self.paths)


class LocatedFaces(NamedTuple):
    """What a model finds on N labelled faces.

    Attributes:
        faces (LabelledFaces): The faces.
        points (np.ndarray): (N, K, 2), image pixels.
        input_px (np.ndarray): Image pixels in a pixel of the network input,
            (N, 1).
        spreads (dict[str, np.ndarray]): (N, K).
        features (np.ndarray): (N, C).
        moves (np.ndarray): See :func:`.locate`, (N,).
    """

    faces: LabelledFaces
    points: np.ndarray
    input_px: np.ndarray
    spreads: dict
    features: np.ndarray
    moves: np.ndarray

    @property
    def errors(self) -> np.ndarray:
        """Distances from the truth in input px, (N, K)."""
        distances = np.linalg.norm(self.points - self.faces.points, axis=-1)
        return distances / self.input_px


def load_faces(
    cfg: Config,
    loader: str,
    model: LandmarkModel,
    subjects: Set[str] | None = None,
    everyone: bool = False,
    most: int | None = None,
) -> LabelledFaces:
    """Read the labels of a loader's data.

    Only those of ``subjects``, if given; with ``everyone``, whatever its
    split; about ``most`` of them, spread evenly.

    Raises:
        InputError: If no face is left, or landmarks are not the model's.
    """
    dataset = build_labelled(cfg, loader, everyone)
    names = list(dataset.metainfo['keypoint_name2id'])
    if names != model.names:
        raise InputError(
            where=loader,
            found=f'the landmarks {names[:3]} ... ({len(names)})',
            expected='those of the checkpoint, '
            f'{model.names[:3]} ... ({len(model.names)})',
            cure='Give the config of the training.',
        )
    paths, frames, points, people = [], [], [], []
    sites, ages = [], []
    step = max(1, len(dataset) // most) if most else 1
    for i in range(0, len(dataset), step):
        info = dataset.get_data_info(i)
        subject = subject_of(info)
        if subjects is not None and subject not in subjects:
            continue
        if model.face_box is not None:
            (image,) = _images([info['img_path']])
            info = model.face_box(dict(info, img=image))
        frames.append(model.frame_of(info['bbox']))
        visible = np.asarray(info['keypoints_visible'][0]) > 0
        truth = np.asarray(info['keypoints'][0], float)[:, :2]
        points.append(np.where(visible[:, None], truth, np.nan))
        paths.append(info['img_path'])
        people.append(subject if subject is not None else f'image {i}')
        sites.append(info.get('site'))
        ages.append(info.get('age'))
    if not paths:
        raise InputError(
            where=loader, found='no labelled face of these subjects'
        )
    return LabelledFaces(
        paths, frames, np.stack(points), np.array(people), sites, ages
    )


def build_labelled(cfg: Config, loader: str, everyone: bool = False):
    """A loader's labelled images; ``everyone`` ignores its split."""
    dataset = copy.deepcopy((cfg.get(loader) or {}).get('dataset'))
    if not dataset:
        raise InputError(where=f'{loader}.dataset', found='not in the config')
    # Serialising collects garbage, slowly.
    labelled_part(dataset).update(
        pipeline=[], test_mode=True, serialize_data=False
    )
    if everyone:
        dataset.pop('split', None)
    return DATASETS.build(dataset)


def locate_faces(
    model: LandmarkModel,
    faces: LabelledFaces,
    framing: Framing,
    name: str,
) -> LocatedFaces:
    """Find the landmarks of N labelled faces as on new photographs.

    Each as its own site's annotator would set them, if the model can.
    """
    found, moves = [], []
    starts = range(0, len(faces), _BATCH)
    for start in track(starts, f'{name} faces'):
        chosen = slice(start, start + _BATCH)
        images = list(_images(faces.paths[chosen]))
        batch, moved = locate(
            model, images, faces.frames[chosen], framing, faces.sites[chosen]
        )
        found.append(batch)
        moves.append(moved)
    scales = np.concatenate([batch.scales for batch in found])
    return LocatedFaces(
        faces,
        np.concatenate([batch.points for batch in found]),
        scales[:, None] / model.input_size[0],
        {
            key: np.concatenate([batch.spreads[key] for batch in found])
            for key in found[0].spreads
        },
        np.concatenate([batch.features for batch in found]),
        np.concatenate(moves),
    )


def whole_years(ages: Iterable) -> list[int]:
    """Which ages there are, in completed years; others are no numbers."""
    return sorted(
        {int(age) for age in ages if is_number(age) and 0 <= age < 150}
    )


def training_framing(faces: LabelledFaces, model: LandmarkModel) -> Framing:
    """How a model's training faces are framed, and at which resolution."""
    pairs = zip(faces.frames, faces.points)
    units = np.stack([frame.to_units(points) for frame, points in pairs])
    template = landmark_template(units, np.isfinite(units).all(axis=-1))
    width = float(np.median([frame.width for frame in faces.frames]))
    width = max(model.input_size[0], round(width))
    return Framing(
        template,
        (width, round(width * model.aspect)),
        _face_box(faces, template, model.aspect),
    )


def learned_framing(model: LandmarkModel) -> tuple[Framing, list[int]]:
    """How the training faces are framed, and their ages.

    For measuring without a calibration.
    """
    try:
        faces = load_faces(
            model.cfg, 'train_dataloader', model, most=_SHOW_FRAMING
        )
    except InputError as error:
        raise InputError(
            where='--calibration',
            found='not given, and the training images, which would show how '
            f'faces are framed, cannot be read ({error})',
            expected='one of the two',
            cure='Calibrate where the training images are: mmpose_ctd '
            'calibrate CONFIG CHECKPOINT --out FILE.json',
        ) from error
    return training_framing(faces, model), whole_years(faces.ages)


def _face_box(
    faces: LabelledFaces, template: np.ndarray, aspect: float
) -> tuple[float, float, float] | None:
    """Median ``face_box``; None if fewer than half of the faces are found."""
    places = []
    for image, points in zip(_images(faces.paths), faces.points):
        box = detect_face(image)
        if box is None:
            continue
        x, y, w, h = box
        frame = frame_by_template(template, points, aspect, image.shape[1::-1])
        right = frame.x + frame.width / 2 - x - w / 2
        down = frame.y + frame.height / 2 - y - h / 2
        places.append([right / w, down / w, frame.width / w])
    if 2 * len(places) < len(faces):
        return None
    return tuple(float(v) for v in np.median(places, axis=0))


def _images(paths: list) -> Iterator[np.ndarray]:
    load = TRANSFORMS.build(dict(type='LoadLandmarkImage'))
    for path in paths:
        yield load(dict(img_path=path))['img']
