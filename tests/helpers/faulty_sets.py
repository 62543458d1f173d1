"""A clean set of synthetic faces, and copies with a fault planted."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mmpose_ctd.datasets.checking import CheckReport, Survey, run_checks
from mmpose_ctd.datasets.synthetic import make_synthetic_faces

ANN = 'annotations/landmarks19.json'
NUM_FACES = 24


def make_clean_set(folder: Path) -> Path:
    """Draw 24 subjects of one face each, of two sites."""
    return make_synthetic_faces(
        folder / 'clean', num_subjects=NUM_FACES, size=128, seed=3
    )


class FaultySet:
    """A copy of a set to plant faults in.

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

    def file(self, place: int) -> Path:
        return self.root / 'images' / self.images[place]['file_name']

    def change(self, place: int, how: Callable[[np.ndarray], object]) -> None:
        """Let ``how`` change an annotation's (K, 3) in place."""
        annotation = self.content['annotations'][place]
        values = np.array(annotation['keypoints'], float).reshape(-1, 3)
        how(values)
        annotation['keypoints'] = values.ravel().tolist()

    def exchange(self, place: int, a: str, b: str) -> None:
        pair = [self.names.index(a), self.names.index(b)]

        def exchange(values: np.ndarray) -> None:
            values[pair] = values[pair[::-1]]

        self.change(place, exchange)

    def split(self, name: str, lines: list[str]) -> None:
        file = self.root / 'splits' / f'{name}.txt'
        file.write_text('\n'.join(lines) + '\n', encoding='utf-8')

    def write(self) -> Path:
        (self.root / ANN).write_text(json.dumps(self.content), 'utf-8')
        return self.root

    def check(self, **options) -> CheckReport:
        return run_checks(Survey(self.write(), ANN), **options)


def found(report, *expected):
    """The findings, which must be of these checks and severities."""
    told = [(f.check, str(f.severity)) for f in report.findings]
    assert sorted(told) == sorted(expected), report.findings
    return report.findings
