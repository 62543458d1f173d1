"""Labelled faces of a config's data, for calibrating."""

import copy
import os
from collections.abc import Callable, Iterator, Set
from typing import NamedTuple

import numpy as np
from mmengine.config import Config
from mmpose.registry import DATASETS, TRANSFORMS

from mmpose_ctd.datasets.face_detection import detect_face
from mmpose_ctd.datasets.landmark_file import read_split, subject_of
from mmpose_ctd.datasets.unlabelled_images import labelled_part
from mmpose_ctd.errors import InputError

from .framing import frame_around, frame_by_template
from .landmark_model import LandmarkModel
from .locating import Framing, locate

__all__ = [
    'LabelledFaces',
    'LocatedFaces',
    'build_labelled',
    'learn_face_box',
    'load_faces',
    'locate_faces',
    'validation_subjects',
]


class LabelledFaces(NamedTuple):
    """Faces with true landmarks.

    Attributes:
        paths (list[str]): Their images.
        frames (list[Frame]): What the network sees of each in training.
        points (np.ndarray): True landmarks, image pixels, (N, K, 2), NaN
            where not labelled.
        subjects (np.ndarray): Who it is, (N,); a number of its own where the
            data do not tell.
        sites (list): Where it was taken, or None.
    """

    paths: list
    frames: list
    points: np.ndarray
    subjects: np.ndarray
    sites: list

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def units(self) -> np.ndarray:
        """True landmarks in frame units, (N, K, 2)."""
        pairs = zip(self.frames, self.points)
        return np.stack([frame.to_units(points) for frame, points in pairs])


class LocatedFaces(NamedTuple):
    """What a model finds on labelled faces.

    Attributes:
        points (np.ndarray): (N, K, 2), image pixels.
        scales (np.ndarray): Image pixels in a frame's width, (N,).
        spreads (dict[str, np.ndarray]): (N, K).
        features (np.ndarray): (N, C).
        moves (np.ndarray): See :func:`.locate`, (N,).
    """

    points: np.ndarray
    scales: np.ndarray
    spreads: dict
    features: np.ndarray
    moves: np.ndarray


def load_faces(
    cfg: Config,
    loader: str,
    model: LandmarkModel,
    subjects: Set[str] | None = None,
    everyone: bool = False,
    most: int | None = None,
) -> LabelledFaces:
    """Read the labels of a loader's data.

    Args:
        cfg (Config): A Runner's config.
        loader (str): ``'train_dataloader'`` or another.
        model (LandmarkModel): Tells frames' padding and shape.
        subjects (Set[str], optional): Only these. Defaults to all that the
            dataset gives.
        everyone (bool): Whether the loader's own split is left out, to
            choose among all. Defaults to False.
        most (int, optional): Of more faces, so many evenly among them.

    Raises:
        InputError: If nobody is left, or landmarks are not the model's.
    """
    dataset = build_labelled(cfg, loader, everyone)
    names = list(dataset.metainfo['keypoint_name2id'])
    if names != model.names:
        raise InputError(
            f'{loader}: its landmarks are not those of the checkpoint: '
            f'{names[:3]} ... ({len(names)}), {model.names[:3]} ... '
            f'({len(model.names)}). Give the config of the training.'
        )
    paths, frames, points, people, sites = [], [], [], [], []
    step = max(1, len(dataset) // most) if most else 1
    for i in range(0, len(dataset), step):
        info = dataset.get_data_info(i)
        subject = subject_of(info)
        if subjects is not None and subject not in subjects:
            continue
        if model.pipeline.face_box is not None:
            (image,) = _images([info['img_path']])
            info = model.pipeline.face_box(dict(info, img=image))
        x1, y1, x2, y2 = map(float, info['bbox'][0])
        box = x1, y1, x2 - x1, y2 - y1
        frames.append(frame_around(box, model.aspect, model.pipeline.padding))
        visible = np.asarray(info['keypoints_visible'][0]) > 0
        truth = np.asarray(info['keypoints'][0], float)[:, :2]
        points.append(np.where(visible[:, None], truth, np.nan))
        paths.append(info['img_path'])
        people.append(subject if subject is not None else f'image {i}')
        sites.append(info.get('site'))
    if not paths:
        raise InputError(f'{loader}: no labelled face of these subjects.')
    return LabelledFaces(
        paths, frames, np.stack(points), np.array(people), sites
    )


def build_labelled(cfg: Config, loader: str, everyone: bool = False):
    """A loader's dataset without pipeline and unlabelled images.

    Args:
        cfg (Config): A Runner's config.
        loader (str): ``'train_dataloader'`` or another.
        everyone (bool): Whether its split is left out. Defaults to False.
    """
    dataset = copy.deepcopy((cfg.get(loader) or {}).get('dataset'))
    if not dataset:
        raise InputError(f'The config has no {loader}.dataset.')
    labelled_part(dataset).update(pipeline=[], test_mode=True)
    if everyone:
        dataset.pop('split', None)
    return DATASETS.build(dataset)


def validation_subjects(cfg: Config, split: str | None) -> Set[str]:
    """Who calibrates: neither trains nor, unless named, tests.

    Args:
        cfg (Config): A Runner's config.
        split (str, optional): File of subject ids, as ``dataset.split``
            (relative to the data root), or relative to the current folder.
            Defaults to the subjects in neither the training nor the test
            split.

    Returns:
        Set[str]: Their ids.

    Raises:
        InputError: If one of them trains, or nobody is left.
    """
    dataset = cfg.train_dataloader.dataset
    root = dataset.get('data_root') or ''
    train = _split_of(cfg, 'train_dataloader')
    if split is not None:
        inside = os.path.join(root, split)
        chosen = {*read_split(inside if os.path.isfile(inside) else split)}
        both = chosen & (train or set())
        if both or train is None:
            raise InputError(
                f'--split {split}: '
                + (
                    f'{len(both)} of its {len(chosen)} subjects are in the '
                    'training split'
                    if both
                    else 'train_dataloader.dataset.split is not set, so that '
                    'everybody trains'
                )
                + '. Errors on faces that the model was trained on are too '
                'small: calibrate with others.'
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
            'Nobody is left to calibrate with: every labelled subject is in '
            'the training or the test split. Keep some subjects out of the '
            'training and name them: --split FILE, with one id a line.'
        )
    return rest


def refuse_tested(cfg: Config, subjects: Set[str]) -> None:
    """Refuse subjects who calibrate and then judge the calibration.

    Args:
        cfg (Config): A Runner's config.
        subjects (Set[str]): Who calibrates.

    Raises:
        InputError: If one of them is tested.
    """
    test = _split_of(cfg, 'test_dataloader')
    both = subjects if test is None else subjects & test
    if both:
        raise InputError(
            f'--test: {len(both)} of the {len(subjects)} subjects who '
            'calibrate are in the test split (test_dataloader.dataset.split'
            + (' is not set: everybody tests)' if test is None else ')')
            + '. A calibration judged on its own faces looks better than it '
            'is: name others with --split, or leave --test out.'
        )


def _split_of(cfg: Config, loader: str) -> Set[str] | None:
    dataset = (cfg.get(loader) or {}).get('dataset') or {}
    if not dataset.get('split'):
        return None
    root = dataset.get('data_root') or ''
    return {*read_split(os.path.join(root, dataset.split))}


def locate_faces(
    model: LandmarkModel,
    faces: LabelledFaces,
    framing: Framing,
    advance: Callable[[int], None] = lambda count: None,
    batch_size: int = 8,
) -> LocatedFaces:
    """Find the landmarks of labelled faces as they will be on new ones.

    Args:
        model (LandmarkModel): Trained.
        faces (LabelledFaces): N faces.
        framing (Framing): Of the training faces.
        advance (Callable): Told how many more are done.
        batch_size (int): Faces at once. Defaults to 8.
    """
    parts = []
    for start in range(0, len(faces), batch_size):
        chosen = slice(start, start + batch_size)
        images = list(_images(faces.paths[chosen]))
        parts.append(locate(model, images, faces.frames[chosen], framing))
        advance(len(images))
    found = [prediction for prediction, _ in parts]
    return LocatedFaces(
        np.concatenate([f.points for f in found]),
        np.concatenate([f.scales for f in found]),
        {
            name: np.concatenate([f.spreads[name] for f in found])
            for name in found[0].spreads
        },
        np.concatenate([f.features for f in found]),
        np.concatenate([moves for _, moves in parts]),
    )


def learn_face_box(
    faces: LabelledFaces, template: np.ndarray, aspect: float
) -> tuple[float, float, float] | None:
    """Where the face detector's box lies in the frame of the training.

    Args:
        faces (LabelledFaces): Of the training.
        template (np.ndarray): Of :func:`.landmark_template`.
        aspect (float): Height of the network input divided by its width.

    Returns:
        tuple | None: ``face_box`` of a :class:`.Framing`, medians; None if
        fewer than half of the faces are detected.
    """
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
