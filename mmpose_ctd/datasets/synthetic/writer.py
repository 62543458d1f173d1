"""Writes a data set of synthetic faces: images, COCO keypoints and splits."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from ..splits.schemes import interleave
from .anatomy import LANDMARKS
from .imaging import Imaging, sample_imaging
from .people import sample_person
from .render import FaceParams, render_face

ANNOTATIONS = Path('annotations') / 'landmarks19.json'
_JPEG_QUALITY = 93
# Shares of the subjects for testing and validation, sizes of training sets,
# and seeds that the training subjects are drawn with.
_TEST_SHARE, _VAL_SHARE = 0.3, 0.1
_BUDGETS = (10, 20, 40, 80, 160)
_SPLIT_SEEDS = (0, 1, 2)
# Streams of random numbers. Who subject i is does not depend on the number of
# subjects or images.
_PERSON, _IMAGING, _SPLIT = 0, 1, 2
_CC0 = dict(
    id=1,
    name='CC0 1.0',
    url='https://creativecommons.org/publicdomain/zero/1.0/',
)

#: A subject's id and site.
Subject = tuple[str, str]


def make_synthetic_faces(
    out_dir: str | os.PathLike,
    num_subjects: int = 100,
    images_per_subject: int = 1,
    size: int = 256,
    seed: int = 0,
    sites: Sequence[str] = ('north', 'south'),
    force: bool = False,
    on_image: Callable[[], None] | None = None,
) -> Path:
    """Make a data set of synthetic faces.

    The same arguments give the same bytes on one machine. The set is written
    into a hidden folder next to ``out_dir`` and renamed at the end: an
    interrupted run leaves nothing that looks complete.

    Args:
        out_dir (str | os.PathLike): Folder to make.
        num_subjects (int): Number of people, at least 3.
        images_per_subject (int): Pictures of each; they share the anatomy.
        size (int): Side of the images in pixels, at least 32.
        seed (int): Seed of everything random.
        sites (Sequence[str]): Names of the sites; subjects take turns.
        force (bool): Whether to replace an existing data set.
        on_image (Callable, optional): Called after each image, for a progress
            bar.

    Returns:
        Path: ``out_dir``, with ``images/``, ``annotations/landmarks19.json``
        and ``splits/``.

    Raises:
        ValueError: If a number is too small, or two sites have one name.
        FileExistsError: If ``out_dir`` is not empty, without ``force``; or is
            not a data set.
    """
    out_dir = Path(out_dir)
    for name, value, least in (
        ('num_subjects', num_subjects, 3),
        ('images_per_subject', images_per_subject, 1),
        ('size', size, 32),
    ):
        if value < least:
            raise ValueError(f'{name} must be at least {least}; got {value}')
    if not sites or len(set(sites)) != len(sites):
        raise ValueError(f'sites must be distinct names; got {sites!r}')
    _check_target(out_dir, force)
    subjects = [
        (f'{site}_{i // len(sites) + 1:03d}', site)
        for i, site in enumerate(np.resize(sites, num_subjects).tolist())
    ]
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    partial = out_dir.parent / f'.{out_dir.name}.partial-{os.getpid()}'
    old = partial.with_name(partial.name + '-old')
    try:
        for folder in ('images', 'annotations', 'splits'):
            (partial / folder).mkdir(parents=True)
        records = _write_images(
            partial / 'images',
            subjects,
            images_per_subject,
            size,
            seed,
            on_image,
        )
        content = _coco(records, size, seed)
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


def _write_images(
    folder: Path,
    subjects: Sequence[Subject],
    images_per_subject: int,
    size: int,
    seed: int,
    on_image: Callable[[], None] | None,
) -> list[dict]:
    """Render all images; returns their fields and ``landmarks``."""

    def make(task: tuple[int, int]) -> dict:
        i, j = task
        subject, site = subjects[i]
        person = sample_person(np.random.default_rng((seed, _PERSON, i)))
        rng = np.random.default_rng((seed, _IMAGING, i, j))
        imaging = sample_imaging(rng, person, site)
        image, landmarks = render_face(FaceParams(person, imaging), size)
        name = f'{subject}_{j + 1:02d}.jpg'
        quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        _, data = cv2.imencode('.jpg', image, quality)
        (folder / name).write_bytes(data.tobytes())
        return dict(
            file_name=name,
            subject=subject,
            site=site,
            expression=_expression(imaging),
            landmarks=landmarks,
        )

    tasks = [
        (i, j) for i in range(len(subjects)) for j in range(images_per_subject)
    ]
    records = []
    # numpy and OpenCV release the lock: threads draw in parallel.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for record in pool.map(make, tasks):
            records.append(record)
            if on_image is not None:
                on_image()
    return records


def _expression(imaging: Imaging) -> str:
    if imaging.lip_gap > 0:
        return 'lips_apart'
    return 'smiling' if imaging.smile > 0.6 else 'neutral'


def _coco(records: Sequence[dict], size: int, seed: int) -> dict:
    """The content of the annotation file."""
    images, annotations = [], []
    for number, record in enumerate(records, start=1):
        points = record.pop('landmarks').round(3).tolist()
        images.append(
            dict(id=number, width=size, height=size, labelled=True, **record)
        )
        annotations.append(
            dict(
                id=number,
                image_id=number,
                category_id=1,
                keypoints=[v for x, y in points for v in (x, y, 2)],
                num_keypoints=len(points),
                bbox=[0, 0, size, size],
                area=size * size,
                iscrowd=0,
            )
        )
    return dict(
        info=dict(
            description=f'Synthetic faces, {size}x{size}, with '
            f'{len(LANDMARKS)} exact anatomical landmarks; seed {seed}',
            license=_CC0['name'],
        ),
        licenses=[_CC0],
        images=images,
        annotations=annotations,
        categories=[
            dict(
                id=1,
                name='face',
                supercategory='face',
                keypoints=list(LANDMARKS),
                skeleton=[],
            )
        ],
    )


def _write_splits(
    folder: Path, subjects: Sequence[Subject], seed: int
) -> None:
    """Write test, validation and nested training subjects, one a line."""
    order = interleave(subjects, np.random.default_rng((seed, _SPLIT)))
    num_test = max(1, round(_TEST_SHARE * len(order)))
    num_val = max(1, round(_VAL_SHARE * len(order)))
    test, val = order[:num_test], order[num_test : num_test + num_val]
    train = order[num_test + num_val :]

    def write(name: str, chosen: Sequence[Subject]) -> None:
        lines = sorted(subject for subject, _ in chosen)
        (folder / f'{name}.txt').write_text('\n'.join(lines) + '\n')

    write('test', test)
    write('val', val)
    for split_seed in _SPLIT_SEEDS:
        rng = np.random.default_rng((seed, _SPLIT, split_seed))
        ranked = interleave(train, rng)
        for budget in {n for n in _BUDGETS if n < len(train)} | {len(train)}:
            write(f'train_n{budget:03d}_seed{split_seed}', ranked[:budget])


def contact_sheet(
    images: Sequence[np.ndarray],
    landmarks: Sequence[np.ndarray | None] | None = None,
    columns: int = 6,
    side: int = 256,
) -> np.ndarray:
    """Tile square images in one picture.

    Args:
        images (Sequence[np.ndarray]): BGR uint8, each (H, H, 3).
        landmarks (Sequence, optional): For each image pixels (K, 2) to mark,
            or None.
        columns (int): Images in a row.
        side (int): Side of an image in the sheet, in pixels.

    Returns:
        np.ndarray: BGR uint8 (rows * side, columns * side, 3).
    """
    if not images:
        raise ValueError('a contact sheet needs at least one image')
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    sheet = np.full((rows * side, columns * side, 3), 255, dtype=np.uint8)
    for i, image in enumerate(images):
        zoom = side / len(image)
        shrink = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
        tile = cv2.resize(image, (side, side), interpolation=shrink)
        if landmarks is not None and landmarks[i] is not None:
            # OpenCV draws at fractions of a pixel in fixed-point numbers.
            spots = ((np.asarray(landmarks[i]) + 0.5) * zoom - 0.5) * 16
            for spot in np.rint(spots).astype(int).tolist():
                cv2.circle(tile, spot, 32, (60, 255, 60), -1, cv2.LINE_AA, 4)
        top, left = np.multiply(divmod(i, columns), side)
        sheet[top : top + side, left : left + side] = tile
    return sheet
