"""Finds out what a folder of faces in the dataset layout offers."""

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

__all__ = ['FaceSet', 'open_face_set']

# Shares of the subjects, where a set comes without splits: the paper's.
_TEST_SHARE = 0.2


class FaceSet(NamedTuple):
    """A labelled set and who of it trains and tests.

    Attributes:
        root (Path): The folder.
        ann_file (str): Annotation file, relative to it.
        num_keypoints (int): K.
        train_split (Path): File of the training subjects' ids.
        test_split (Path): File of the test subjects' ids.
        num_train (int): How many training subjects.
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

    The set's own ``splits/test.txt`` is used, and of its training splits
    ``train_n<num_labels>_seed<seed>.txt``, else ``train.txt``. Where there
    are none, subjects are drawn with the seed, a fifth of them for the test;
    with one seed more labels are those of fewer and others.

    Args:
        root (Path): A folder with ``annotations`` and ``images``.
        out (Path): Where drawn splits are written.
        num_labels (int): Training subjects wanted; all where there are
            fewer.
        seed (int): Defaults to 0.

    Returns:
        FaceSet: What to train on.

    Raises:
        MissingFileError: If the folder has no annotation file.
        InputError: If several could be meant, there are too few subjects, or
            somebody is to train and to test.
    """
    if num_labels < 1:
        raise InputError(
            f'{num_labels} labelled subjects to train on; expected at least 1.'
        )
    ann_file = find_annotation_file(root)
    file = LandmarkFile.read(str(root / ann_file))
    images = _labelled_images(file)
    subjects = sorted({subject_of(i) for i in images} - {None})
    if len(subjects) < 3:
        raise InputError(
            f"{file.path}: {len(subjects)} subjects; expected a 'subject' in "
            'every image record and at least 3 of them, to train and test.'
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


def _labelled_images(file: LandmarkFile) -> list[dict]:
    labelled = {a.get('image_id') for a in file.annotations}
    images = [image for i, image in file.images.items() if i in labelled]
    for image in images:
        file.check_image(image)
    return images


def _choose(
    splits: Path, subjects: list[str], num_labels: int, seed: int
) -> tuple[list[str], list[str]]:
    """The subjects that train, and those that test."""
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
            f'{splits}: subject {both[0]!r} is in the training and in the '
            'test split; the result would say nothing. Take it out of one.'
        )
    for kind, chosen in (('train', train), ('test', test)):
        if not chosen:
            raise InputError(
                f'{splits}: its files leave no subject to {kind} on. Take '
                'some out of them, or leave the files out.'
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
