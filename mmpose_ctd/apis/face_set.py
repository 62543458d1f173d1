"""Chooses the subjects who train and test, of a folder of labelled faces."""

import random
from pathlib import Path
from typing import NamedTuple

from mmpose_ctd.datasets.annotation_file import find_annotation_file
from mmpose_ctd.datasets.landmark_file import (
    LandmarkFile,
    read_split,
    subject_of,
)
from mmpose_ctd.errors import InputError

# The paper's share of test subjects, for sets without splits.
_TEST_SHARE = 0.2


class FaceSet(NamedTuple):
    """A labelled set and who of it trains and tests.

    Attributes:
        root (Path): The folder.
        ann_file (str): Annotation file, relative to it.
        num_keypoints (int): K.
        train_split (Path): File of the training subjects' ids.
        test_split (Path): File of the test subjects' ids.
        num_train (int): Number of training subjects.
        largest (int): Longest side of its images, in pixels.
    """

    root: Path
    ann_file: str
    num_keypoints: int
    train_split: Path
    test_split: Path
    num_train: int
    largest: int


def open_face_set(
    root: Path, out: Path, num_labels: int, seed: int = 0
) -> FaceSet:
    """Choose the annotation file and the subjects.

    The test subjects are those of ``splits/test.txt``, the training subjects
    those of ``splits/train_n<num_labels>_seed<seed>.txt``, else of
    ``splits/train.txt``. Without these files, subjects are drawn with the
    seed, a fifth of them for the test; a larger ``num_labels`` adds subjects
    and keeps the others. The splits are written into ``out``.

    Raises:
        MissingFileError: If the folder has no annotation file.
        InputError: If several annotation files are possible, there are too
            few subjects, or a subject trains and tests.
    """
    if num_labels < 1:
        raise InputError(
            where=f'{num_labels} labelled subjects', expected='at least 1'
        )
    ann_file = find_annotation_file(root)
    file = LandmarkFile.read(str(root / ann_file))
    labelled = {a.get('image_id') for a in file.annotations}
    images = [image for i, image in file.images.items() if i in labelled]
    for image in images:
        file.check_image(image)
    subjects = sorted({subject_of(image) for image in images} - {None})
    if len(subjects) < 3:
        raise InputError(
            where=str(file.path),
            found=f'{len(subjects)} subjects',
            expected="a 'subject' in every image record and at least 3 of "
            'them, to train and test.',
        )
    train, test = _choose(root / 'splits', subjects, num_labels, seed)
    return FaceSet(
        root,
        ann_file,
        len(file.names),
        _write(out / 'train.txt', train),
        _write(out / 'test.txt', test),
        len(train),
        max(max(i['width'], i['height']) for i in images),
    )


def _choose(
    splits: Path, subjects: list[str], num_labels: int, seed: int
) -> tuple[list[str], list[str]]:
    """The subjects who train, and those who test."""
    train = _own_split(
        splits / f'train_n{num_labels:03d}_seed{seed}.txt',
        splits / 'train.txt',
    )
    test = _own_split(splits / 'test.txt')
    if not test:
        number = max(1, round(_TEST_SHARE * len(subjects)))
        test = sorted(_draw(subjects, train, seed)[:number])
    if not train:
        train = _draw(subjects, test, seed)
    both = sorted({*test} & {*train})
    if both:
        raise InputError(
            where=str(splits),
            found=f'subject {both[0]!r} is in the training and in the test '
            'split',
            cure='Remove it from one of them.',
        )
    if not (train and test):
        raise InputError(
            where=str(splits),
            found='its files leave no subject to '
            f'{"test" if train else "train"} on',
            cure='Remove some subjects from them, or remove the files.',
        )
    return train[:num_labels], test


def _own_split(*files: Path) -> list[str]:
    """The first of these files that the set has."""
    return next((read_split(str(f)) for f in files if f.is_file()), [])


def _draw(subjects: list[str], without: list[str], seed: int) -> list[str]:
    rest = [s for s in subjects if s not in {*without}]
    random.Random(seed).shuffle(rest)
    return rest


def _write(path: Path, subjects: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(subjects) + '\n', encoding='utf-8')
    return path.resolve()
