"""Who trains, who validates and who is tested in a plan's runs."""

import hashlib
import os.path as osp
from pathlib import Path

import numpy as np

from mmpose_ctd.datasets.landmark_file import (
    LandmarkFile,
    read_split,
    subject_of,
)
from mmpose_ctd.datasets.split_selection import people_of
from mmpose_ctd.errors import InputError

from .plan import Plan

__all__ = ['Subjects']


class Subjects:
    """The splits of a plan, as lists of subjects.

    Args:
        plan (Plan): The plan.
        data_root (str): Folder of the data set.
        ann_file (str): Annotation file, relative to it.
    """

    def __init__(self, plan: Plan, data_root: str, ann_file: str) -> None:
        self.plan = plan
        self.data_root = data_root
        self.ann_file = ann_file
        path = osp.join(data_root, ann_file)
        self._images = LandmarkFile.read(path).images
        self._sites = {
            subject_of(image): str(image.get('site', ''))
            for image in self._images.values()
        }
        #: Of the annotation file, so that other labels are other results.
        self.digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()

    def train(self, budget: int, seed: int, held_out: str = '') -> list[str]:
        """Subjects of a training set.

        With a site held out, ``budget`` of the pool's subjects of other
        sites, drawn by the seed; the draws of one seed are nested.

        Raises:
            InputError: If there are not as many.
        """
        if not held_out:
            file = self.plan.train_split.format(budget=budget, seed=seed)
            return self._read(file)
        others = [
            name
            for name in sorted(self._read(self.plan.pool.format(seed=seed)))
            if self._site(name) != held_out
        ]
        if len(others) < budget:
            raise InputError(
                f'{self.plan.path}: {len(others)} subjects of other sites '
                f'than {held_out!r} may train, the study asks for '
                f'budgets of {budget}.'
            )
        order = np.random.default_rng(seed).permutation(len(others))
        return sorted(others[i] for i in order[:budget])

    def test(self, held_out: str = '') -> list[str]:
        """The test subjects, or those of the site that is held out."""
        names = self._read(self.plan.test_split)
        if not held_out:
            return names
        chosen = [name for name in names if self._site(name) == held_out]
        if not chosen:
            sites = sorted({self._site(name) for name in names})
            raise InputError(
                f'{self.plan.path}: held_out={held_out!r}: no test subject is '
                f'of that site; there are {sites}.'
            )
        return chosen

    def validation(self) -> list[str]:
        """Subjects on whom settings are chosen.

        They train in no trial of the search, and are never tested on.

        Raises:
            InputError: If fewer are left than the plan asks for.
        """
        search = self.plan.search
        taken = {*self.test()}
        for seed in search.seeds:
            taken |= {*self.train(search.budget, seed)}
        left = sorted({*self._read(search.pool)} - taken)
        if len(left) < search.subjects:
            raise InputError(
                f'{self.plan.path}: search.subjects={search.subjects}: of '
                f'{search.pool} only {len(left)} subjects are left that '
                'neither train in a trial nor test. Ask for fewer.'
            )
        order = np.random.default_rng(0).permutation(len(left))
        return sorted(left[i] for i in order[: search.subjects])

    def check_apart(self, train: list[str], test: list[str]) -> None:
        """Refuse to test on somebody who trained.

        Raises:
            InputError: Tells how many, and no names.
        """
        both = people_of(train, self._images) & people_of(test, self._images)
        if both:
            raise InputError(
                f'{self.plan.path}: {len(both)} of {len(test)} test subjects '
                'are in a training split, too: errors on them say nothing '
                'about new faces. Correct train_split, pool or test_split.'
            )

    def _read(self, split: str) -> list[str]:
        return read_split(osp.join(self.data_root, split))

    def _site(self, name: str) -> str:
        people = people_of([name], self._images)
        if not people:
            raise InputError(
                f'{self.plan.path}: a split names a subject that the '
                'annotation file does not know; tools/check_dataset.py lists '
                'such lines.'
            )
        return self._sites.get(name, '')
