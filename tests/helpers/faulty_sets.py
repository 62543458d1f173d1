"""A clean set of synthetic faces, and copies to plant problems in."""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mmpose_ctd.datasets.checking import CheckFinding, CheckReport, check
from mmpose_ctd.datasets.checking.survey import PhotoFile, read_photo_file
from mmpose_ctd.datasets.synthetic import make_synthetic_faces

ANN = 'annotations/landmarks19.json'
NUM_FACES = 24
_DONE: dict = {}


def make_clean_set(folder: Path) -> Path:
    """Draw 24 subjects of one face each, of two sites."""
    return make_synthetic_faces(
        folder / 'clean', num_subjects=NUM_FACES, size=128, seed=4
    )


def read_once(path: Path, find_faces: bool) -> PhotoFile:
    """``read_photo_file``, once for each content: detection takes time."""
    key = path.is_file() and path.read_bytes(), find_faces
    if key not in _DONE:
        _DONE[key] = read_photo_file(path, find_faces)
    return _DONE[key]


def once(function: Callable) -> Callable:
    """A pure function that keeps its results."""

    def kept(*args):
        key = function.__name__, pickle.dumps(args)
        if key not in _DONE:
            _DONE[key] = function(*args)
        return _DONE[key]

    return kept


class FaultySet:
    """A copy of a set to plant problems in.

    Attributes:
        root (Path): Its folder.
        content (dict): The annotation file; written before each check.
        names (list[str]): The K landmarks.
    """

    def __init__(self, clean: Path, folder: Path) -> None:
        self.root = folder / 'faulty set'
        shutil.copytree(clean, self.root)
        self.content = json.loads((self.root / ANN).read_text())
        self.names = self.content['categories'][0]['keypoints']

    @property
    def images(self) -> list[dict]:
        return self.content['images']

    @property
    def annotations(self) -> list[dict]:
        return self.content['annotations']

    def file(self, place: int) -> Path:
        return self.root / 'images' / self.images[place]['file_name']

    def change(self, place: int, how: Callable[[np.ndarray], object]) -> None:
        """Let ``how`` change an annotation's (K, 3) in place."""
        annotation = self.annotations[place]
        values = np.array(annotation['keypoints'], float).reshape(-1, 3)
        how(values)
        annotation['keypoints'] = values.ravel().tolist()

    def exchange(self, places, *pairs: tuple[str, str]) -> None:
        """Exchange the points of pairs of landmarks in some faces."""
        for a, b in pairs:
            pair = [self.names.index(a), self.names.index(b)]

            def exchange(values: np.ndarray, pair=pair) -> None:
                values[pair] = values[pair[::-1]]

            for place in places:
                self.change(place, exchange)

    def keep(self, count: int) -> None:
        """Leave the first records only, and no splits."""
        self.content['images'] = self.images[:count]
        self.content['annotations'] = self.annotations[:count]
        for file in (self.root / 'images').iterdir():
            if file.name not in {i['file_name'] for i in self.images}:
                file.unlink()
        self.drop_splits()

    def split(self, name: str, lines: list[str]) -> None:
        file = self.root / 'splits' / f'{name}.txt'
        file.write_text('\n'.join(lines) + '\n', encoding='utf-8')

    def drop_splits(self) -> None:
        for file in (self.root / 'splits').iterdir():
            file.unlink()

    def check(self, **options) -> CheckReport:
        (self.root / ANN).write_text(json.dumps(self.content), 'utf-8')
        return check(self.root, ann_file=ANN, **options)

    def found(self, *expected: tuple, **options) -> list[CheckFinding]:
        """The findings, which must be of these checks and severities."""
        findings = self.check(**options).findings
        kinds = [(f.check, str(f.severity)) for f in findings]
        assert sorted(kinds) == sorted(expected), findings
        return findings
