"""Writes a data set of synthetic faces: COCO keypoints and splits."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from ..splits.drawing import interleave
from .anatomy import LANDMARKS
from .imaging import Imaging, sample_imaging
from .people import sample_person
from .render import FaceParams, render_face

ANNOTATIONS = Path('annotations') / 'landmarks19.json'
JPEG_QUALITY = 93
#: Shares of the subjects that are never trained on.
TEST_SHARE, VAL_SHARE = 0.3, 0.1
#: Label budgets, as far as there are subjects; all training subjects come
#: on top.
BUDGETS = (10, 20, 40, 80, 160)
SPLIT_SEEDS = (0, 1, 2)

# The streams of random numbers that hang on a data set's seed. Who subject i
# is does not depend on how many subjects or images there are.
_PERSON, _IMAGING, _SPLIT = 0, 1, 2


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

    The same arguments give the same bytes. Everything is written into a
    hidden folder beside ``out_dir``, which becomes ``out_dir`` at the end:
    an interrupted run leaves nothing that looks complete.

    Args:
        out_dir: Folder to make.
        num_subjects: Number of people, at least 3.
        images_per_subject: Pictures of each; they share the anatomy.
        size: Side of the images in pixels.
        seed: Of everything random.
        sites: Names of the sites; subjects are dealt out to them in turn.
        force: Whether to replace a data set that is already there.
        on_image: Called after each image, for a progress bar.

    Returns:
        ``out_dir`` as a path, which now holds ``images/``,
        ``annotations/landmarks19.json`` and ``splits/``.
    """
    out_dir = Path(out_dir)
    if num_subjects < 3:
        raise ValueError(
            f'num_subjects must be at least 3, one each to train, validate '
            f'and test; got {num_subjects}'
        )
    if images_per_subject < 1:
        raise ValueError(
            f'images_per_subject must be at least 1; got {images_per_subject}'
        )
    if size < 32:
        raise ValueError(f'size must be at least 32 pixels; got {size}')
    if not sites or len(set(sites)) != len(sites):
        raise ValueError(f'sites must be distinct names; got {sites!r}')
    _check_target(out_dir, force)

    out_dir.parent.mkdir(parents=True, exist_ok=True)
    partial = out_dir.parent / f'.{out_dir.name}.partial-{os.getpid()}'
    shutil.rmtree(partial, ignore_errors=True)
    try:
        for name in ('images', 'annotations', 'splits'):
            (partial / name).mkdir(parents=True)
        subjects = [
            (
                f'{sites[i % len(sites)]}_{i // len(sites) + 1:03d}',
                sites[i % len(sites)],
            )
            for i in range(num_subjects)
        ]
        records = _write_images(
            partial / 'images',
            subjects,
            images_per_subject,
            size,
            seed,
            on_image,
        )
        _write_annotations(partial, records, size, seed)
        _write_splits(partial / 'splits', subjects, seed)
        _move_into_place(partial, out_dir)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return out_dir


def _check_target(out_dir: Path, force: bool) -> None:
    """Raise unless ``out_dir`` may be written."""
    if out_dir.exists() and not out_dir.is_dir():
        raise FileExistsError(f'{out_dir} exists and is not a folder')
    if not out_dir.exists() or not any(out_dir.iterdir()):
        return
    if not force:
        raise FileExistsError(
            f'{out_dir} is not empty; name another folder, or pass force '
            f'(--force on the command line) to replace the data set in it'
        )
    if not (out_dir / ANNOTATIONS).is_file():
        raise FileExistsError(
            f'{out_dir} is not empty and holds no {ANNOTATIONS}: it does '
            f'not look like a data set, so even force does not replace it'
        )


def _move_into_place(partial: Path, out_dir: Path) -> None:
    """Turn the finished hidden folder into ``out_dir``."""
    if out_dir.exists() and any(out_dir.iterdir()):
        old = partial.with_name(partial.name + '-old')
        shutil.rmtree(old, ignore_errors=True)
        out_dir.rename(old)
        partial.rename(out_dir)
        shutil.rmtree(old)
    else:
        if out_dir.exists():
            out_dir.rmdir()
        partial.rename(out_dir)


def _expression(imaging: Imaging) -> str:
    """A word for the expression, for the annotations."""
    if imaging.lip_gap > 0:
        return 'lips_apart'
    return 'smiling' if imaging.smile > 0.6 else 'neutral'


def _write_images(
    folder: Path,
    subjects: Sequence[tuple[str, str]],
    images_per_subject: int,
    size: int,
    seed: int,
    on_image: Callable[[], None] | None,
) -> list[dict]:
    """Render all images.

    Returns:
        For each image its fields in the annotations, and ``landmarks``.
    """

    def make(task: tuple[int, int]) -> dict:
        i, j = task
        subject, site = subjects[i]
        person = sample_person(np.random.default_rng((seed, _PERSON, i)))
        rng = np.random.default_rng((seed, _IMAGING, i, j))
        imaging = sample_imaging(rng, person, site)
        image, landmarks = render_face(FaceParams(person, imaging), size)
        name = f'{subject}_{j + 1:02d}.jpg'
        done, data = cv2.imencode(
            '.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        )
        if not done:
            raise RuntimeError(f'OpenCV could not encode {name}')
        (folder / name).write_bytes(data.tobytes())
        return dict(
            file_name=name,
            subject=subject,
            site=site,
            expression=_expression(imaging),
            landmarks=landmarks,
        )

    def collect(made: Iterator[dict]) -> Iterator[dict]:
        for record in made:
            if on_image is not None:
                on_image()
            yield record

    tasks = [
        (i, j) for i in range(len(subjects)) for j in range(images_per_subject)
    ]
    # numpy and OpenCV release the lock: two threads draw nearly twice as
    # fast, and the order of the results stays.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        return list(collect(pool.map(make, tasks)))


def _write_annotations(
    root: Path, records: Sequence[dict], size: int, seed: int
) -> None:
    """Write the COCO file."""
    images, annotations = [], []
    for number, record in enumerate(records, start=1):
        fields = {k: v for k, v in record.items() if k != 'landmarks'}
        images.append(
            dict(
                id=number,
                file_name=fields.pop('file_name'),
                width=size,
                height=size,
                **fields,
                labelled=True,
            )
        )
        points = record['landmarks'].round(3).tolist()
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
    content = dict(
        info=dict(
            description=f'Synthetic faces, {size}x{size}, with '
            f'{len(LANDMARKS)} exact anatomical landmarks; seed {seed}',
            license='CC0 1.0',
        ),
        licenses=[
            dict(
                id=1,
                name='CC0 1.0',
                url='https://creativecommons.org/publicdomain/zero/1.0/',
            )
        ],
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
    (root / ANNOTATIONS).write_text(json.dumps(content, indent=1) + '\n')


def _write_splits(
    folder: Path, subjects: Sequence[tuple[str, str]], seed: int
) -> None:
    """Write test, validation and nested training subjects, one a line."""
    order = interleave(subjects, np.random.default_rng((seed, _SPLIT)))
    num_test = max(1, round(TEST_SHARE * len(order)))
    num_val = max(1, round(VAL_SHARE * len(order)))
    test, val = order[:num_test], order[num_test : num_test + num_val]
    train = order[num_test + num_val :]

    def write(name: str, chosen: Sequence[tuple[str, str]]) -> None:
        lines = sorted(subject for subject, _ in chosen)
        (folder / f'{name}.txt').write_text('\n'.join(lines) + '\n')

    write('test', test)
    write('val', val)
    budgets = {n for n in BUDGETS if n < len(train)} | {len(train)}
    for split_seed in SPLIT_SEEDS:
        rng = np.random.default_rng((seed, _SPLIT, split_seed))
        ranked = interleave(train, rng)
        for budget in budgets:
            write(f'train_n{budget:03d}_seed{split_seed}', ranked[:budget])
