"""Writes a data set of synthetic faces: images, COCO keypoints and splits."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from ..landmark_file import face_annotation, face_category
from ..splits.schemes import interleave
from .anatomy import LANDMARKS
from .parameters import SITES, sample_imaging, sample_person
from .render import render_face

ANNOTATIONS = Path('annotations') / 'landmarks19.json'
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 93]
# Shares of the subjects for testing and validation, sizes of training sets,
# and seeds that the training subjects are drawn with.
_TEST_SHARE, _VAL_SHARE = 0.3, 0.1
_BUDGETS = (10, 20, 40, 80, 160)
_SPLIT_SEEDS = (0, 1, 2)
# Streams of random numbers. Who subject i is does not depend on the number of
# subjects or images.
_PERSON, _IMAGING, _SPLIT = 0, 1, 2
_CC0_URL = 'https://creativecommons.org/publicdomain/zero/1.0/'


def make_synthetic_faces(
    out_dir: str | os.PathLike,
    num_subjects: int = 100,
    size: int = 256,
    seed: int = 0,
    force: bool = False,
    on_image: Callable[[], None] | None = None,
) -> Path:
    """Make a data set of synthetic faces, of people of two sites.

    The same arguments give the same bytes on one machine. An interrupted run
    leaves nothing that looks complete.

    Args:
        out_dir (str | os.PathLike): Folder to make, with ``images/``,
            ``annotations/landmarks19.json`` and ``splits/``.
        num_subjects (int): Number of people, at least 3.
        size (int): Side of the images in pixels, at least 32.
        seed (int): Seed of everything random.
        force (bool): Whether to replace an existing data set.
        on_image (Callable, optional): Called after each image, for a progress
            bar.

    Returns:
        Path: ``out_dir``.

    Raises:
        ValueError: If a number is too small.
        FileExistsError: If ``out_dir`` is not empty, without ``force``; or is
            not a data set.
    """
    out_dir = Path(out_dir)
    for name, value, least in (
        ('num_subjects', num_subjects, 3),
        ('size', size, 32),
    ):
        if value < least:
            raise ValueError(f'{name} must be at least {least}; got {value}')
    _check_target(out_dir, force)
    subjects = [
        (f'{site}_{i // len(SITES) + 1:03d}', site)
        for i, site in enumerate(np.resize([*SITES], num_subjects).tolist())
    ]

    def draw(i: int) -> tuple[dict, np.ndarray, bytes]:
        subject, site = subjects[i]
        person = sample_person(np.random.default_rng((seed, _PERSON, i)))
        rng = np.random.default_rng((seed, _IMAGING, i, 0))
        imaging = sample_imaging(rng, person, site)
        image, points = render_face(person, imaging, size)
        expression = 'smiling' if imaging.smile > 0.6 else 'neutral'
        if imaging.lip_gap > 0:
            expression = 'lips_apart'
        record = dict(
            file_name=f'{subject}_01.jpg',
            subject=subject,
            site=site,
            expression=expression,
        )
        return record, points, cv2.imencode('.jpg', image, _JPEG)[1].tobytes()

    out_dir.parent.mkdir(parents=True, exist_ok=True)
    partial = out_dir.parent / f'.{out_dir.name}.partial-{os.getpid()}'
    old = partial.with_name(partial.name + '-old')
    try:
        for folder in ('images', 'annotations', 'splits'):
            (partial / folder).mkdir(parents=True)
        records, landmarks = [], []
        # numpy and OpenCV release the lock: threads draw in parallel.
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            for record, points, data in pool.map(draw, range(num_subjects)):
                (partial / 'images' / record['file_name']).write_bytes(data)
                records.append(record)
                landmarks.append(points)
                if on_image is not None:
                    on_image()
        content = _coco(records, landmarks, size, seed)
        (partial / ANNOTATIONS).write_text(json.dumps(content, indent=1))
        _write_splits(partial / 'splits', subjects, seed)
        if out_dir.exists():
            out_dir.rename(old)
        partial.rename(out_dir)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return out_dir


def _check_target(out_dir: Path, force: bool) -> None:
    """Refuse a folder that must not be replaced."""
    if out_dir.exists() and not out_dir.is_dir():
        raise FileExistsError(f'{out_dir} exists and is not a folder')
    if not out_dir.exists() or not any(out_dir.iterdir()):
        return
    if not force:
        raise FileExistsError(
            f'{out_dir} is not empty; name another folder, or pass force '
            '(--force on the command line) to replace the data set in it'
        )
    if not (out_dir / ANNOTATIONS).is_file():
        raise FileExistsError(
            f'{out_dir} is not empty and has no {ANNOTATIONS}: it does not '
            'look like a data set, so force does not replace it'
        )


def _coco(
    records: Sequence[dict],
    landmarks: Sequence[np.ndarray],
    size: int,
    seed: int,
) -> dict:
    """The content of the annotation file."""
    images, annotations = [], []
    for number, (record, points) in enumerate(zip(records, landmarks), 1):
        image = dict(id=number, width=size, height=size, labelled=True)
        images.append(image | record)
        keypoints = ((*xy, 2) for xy in points.round(3).tolist())
        annotations.append(face_annotation(number, keypoints, (size, size)))
    return dict(
        info=dict(
            description=f'Synthetic faces, {size}x{size}, with '
            f'{len(LANDMARKS)} exact anatomical landmarks; seed {seed}',
            license='CC0 1.0',
        ),
        licenses=[dict(id=1, name='CC0 1.0', url=_CC0_URL)],
        images=images,
        annotations=annotations,
        categories=[face_category(LANDMARKS)],
    )


def _write_splits(
    folder: Path, subjects: Sequence[tuple[str, str]], seed: int
) -> None:
    """Write test, validation and nested training subjects, one a line."""
    order = interleave(subjects, np.random.default_rng((seed, _SPLIT)))
    num_test = max(1, round(_TEST_SHARE * len(order)))
    first = num_test + max(1, round(_VAL_SHARE * len(order)))
    train = order[first:]
    splits = {'test': order[:num_test], 'val': order[num_test:first]}
    for split_seed in _SPLIT_SEEDS:
        rng = np.random.default_rng((seed, _SPLIT, split_seed))
        ranked = interleave(train, rng)
        for budget in {n for n in _BUDGETS if n < len(train)} | {len(train)}:
            name = f'train_n{budget:03d}_seed{split_seed}'
            splits[name] = ranked[:budget]
    for name, chosen in splits.items():
        lines = sorted(f'{subject}\n' for subject, _ in chosen)
        (folder / f'{name}.txt').write_text(''.join(lines))
