"""Labelled faces of a config's data, and what a model finds on them."""

import copy
import os
from collections.abc import Iterator, Set
from typing import NamedTuple

import numpy as np
from mmengine.config import Config
from mmpose.registry import DATASETS, TRANSFORMS
from rich.progress import Progress

from mmpose_ctd.datasets.face_detection import detect_face
from mmpose_ctd.datasets.landmark_file import read_split, subject_of
from mmpose_ctd.datasets.partly_labelled import labelled_part
from mmpose_ctd.errors import InputError

from .framing import (
    Framing,
    frame_around,
    frame_by_template,
    landmark_template,
)
from .landmark_model import LandmarkModel, locate

_BATCH = 8


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
    """

    paths: list
    frames: list
    points: np.ndarray
    subjects: np.ndarray
    sites: list

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
    paths, frames, points, people, sites = [], [], [], [], []
    step = max(1, len(dataset) // most) if most else 1
    for i in range(0, len(dataset), step):
        info = dataset.get_data_info(i)
        subject = subject_of(info)
        if subjects is not None and subject not in subjects:
            continue
        if model.face_box is not None:
            (image,) = _images([info['img_path']])
            info = model.face_box(dict(info, img=image))
        x1, y1, x2, y2 = map(float, info['bbox'][0])
        box = x1, y1, x2 - x1, y2 - y1
        frames.append(frame_around(box, model.aspect, model.padding))
        visible = np.asarray(info['keypoints_visible'][0]) > 0
        truth = np.asarray(info['keypoints'][0], float)[:, :2]
        points.append(np.where(visible[:, None], truth, np.nan))
        paths.append(info['img_path'])
        people.append(subject if subject is not None else f'image {i}')
        sites.append(info.get('site'))
    if not paths:
        raise InputError(
            where=loader, found='no labelled face of these subjects'
        )
    return LabelledFaces(
        paths, frames, np.stack(points), np.array(people), sites
    )


def build_labelled(cfg: Config, loader: str, everyone: bool = False):
    """A loader's labelled images; ``everyone`` ignores its split."""
    dataset = copy.deepcopy((cfg.get(loader) or {}).get('dataset'))
    if not dataset:
        raise InputError(where=f'{loader}.dataset', found='not in the config')
    labelled_part(dataset).update(pipeline=[], test_mode=True)
    if everyone:
        dataset.pop('split', None)
    return DATASETS.build(dataset)


def locate_faces(
    model: LandmarkModel,
    faces: LabelledFaces,
    framing: Framing,
    progress: Progress,
    name: str,
) -> LocatedFaces:
    """Find the landmarks of N labelled faces as on new photographs."""
    found, moves = [], []
    task = progress.add_task(f'{name} faces', total=len(faces))
    for start in range(0, len(faces), _BATCH):
        chosen = slice(start, start + _BATCH)
        images = list(_images(faces.paths[chosen]))
        batch, moved = locate(model, images, faces.frames[chosen], framing)
        found.append(batch)
        moves.append(moved)
        progress.advance(task, len(images))
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


# ----------------------------------------------------------- who calibrates


def validation_subjects(cfg: Config, split: str | None) -> Set[str]:
    """Ids of the subjects who calibrate.

    They are those of the file ``split`` (relative to the data root or the
    current folder), else all in neither the training nor the test split.

    Raises:
        InputError: If one of them trains, or nobody is left.
    """
    dataset = cfg.train_dataloader.dataset
    train = _split_of(cfg, 'train_dataloader')
    if split is not None:
        inside = os.path.join(dataset.get('data_root') or '', split)
        chosen = {*read_split(inside if os.path.isfile(inside) else split)}
        both = chosen & (train or set())
        if both or train is None:
            raise InputError(
                where=f'--split {split}',
                found=f'{len(both)} of its {len(chosen)} subjects are in the '
                'training split'
                if both
                else 'train_dataloader.dataset.split is not set, so '
                'everybody trains',
                cure='Errors on faces that the model was trained on are too '
                'small: calibrate with others.',
            )
        return chosen
    taken = (train or set()) | (_split_of(cfg, 'test_dataloader') or set())
    everyone = build_labelled(cfg, 'train_dataloader', everyone=True)
    people = {
        subject_of(everyone.get_data_info(i)) for i in range(len(everyone))
    }
    rest = people - taken - {None}
    if train is None or not rest:
        raise InputError(
            where='mmpose_ctd calibrate',
            found='every labelled subject is in the training or the test '
            'split',
            expected='subjects who neither train nor test',
            cure='Keep some subjects out of the training and name them: '
            '--split FILE, with one id a line.',
        )
    return rest


def refuse_tested(cfg: Config, subjects: Set[str]) -> None:
    """Raise InputError if some of the calibrating subjects are tested."""
    test = _split_of(cfg, 'test_dataloader')
    both = subjects if test is None else subjects & test
    if both:
        raise InputError(
            where='--test',
            found=f'{len(both)} of the {len(subjects)} subjects who '
            'calibrate are in the test split (test_dataloader.dataset.split'
            + (' is not set: everybody tests)' if test is None else ')'),
            cure='A calibration judged on its own faces looks better than it '
            'is. Name others with --split, or omit --test.',
        )


def _split_of(cfg: Config, loader: str) -> Set[str] | None:
    dataset = (cfg.get(loader) or {}).get('dataset') or {}
    if not dataset.get('split'):
        return None
    root = dataset.get('data_root') or ''
    return {*read_split(os.path.join(root, dataset.split))}
