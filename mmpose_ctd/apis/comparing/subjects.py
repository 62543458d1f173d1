"""Who trains, who validates and who is tested in a plan's runs."""

import os.path as osp

import numpy as np

from mmpose_ctd.datasets.landmark_file import (
    LandmarkFile,
    read_split,
    subject_of,
)
from mmpose_ctd.datasets.split_selection import (
    image_line,
    people_of,
    select_images,
)
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.files import sha256_of

from .plan import Plan


def annotation_digest(path: str) -> str:
    """SHA-256 of an annotation file; a MissingFileError without one."""
    if not osp.isfile(path):
        raise MissingFileError(f'The annotation file {path!r} does not exist.')
    return sha256_of(path)


class PlanSubjects:
    """The splits of a plan, as lists of subjects.

    ``ann_file`` is relative to ``data_root``; ``digest`` is of its content.
    """

    def __init__(self, plan: Plan, data_root: str, ann_file: str) -> None:
        self.plan = plan
        self.data_root = data_root
        path = osp.join(data_root, ann_file)
        self.digest = annotation_digest(path)
        self._images = LandmarkFile.read(path).images
        #: Line of a split -> the sites where its subject was photographed.
        self._sites: dict[str | None, set[str]] = {}
        #: Line of a split -> its subject.
        self._people: dict[str | None, str] = {}
        for image in self._images.values():
            own = image_line(str(image.get('file_name')).strip())
            subject = subject_of(image)
            for line in (subject, own):
                sites = self._sites.setdefault(line, set())
                sites.add(str(image.get('site') or ''))
                self._people[line] = own if subject is None else subject
        self._splits: dict[str, list[str]] = {}

    def train(self, budget: int, seed: int, held_out: str = '') -> list[str]:
        """Subjects of a training set.

        With a site held out: ``budget`` of the pool's subjects who were never
        photographed there, drawn by the seed; the draws of one seed are
        nested.

        Raises:
            InputError: If there are fewer, or the split has another number.
        """
        if not held_out:
            file = self.plan.train_split.format(budget=budget, seed=seed)
            names = self._read('train_split', file)
            images = len(select_images(names, self._images).ids)
            if budget not in (len(names), images):
                raise InputError(
                    where=f'train_split: {file}',
                    found=f'{len(names)} subjects with {images} images',
                    expected=f'{budget} subjects or images, the budget',
                )
            return names
        pool = self._read('pool', self.plan.pool.format(seed=seed))
        others = [n for n in sorted(pool) if held_out not in self._sites[n]]
        if len(others) < budget:
            raise InputError(
                where=f'pool, with held_out={held_out!r}',
                found=f'{len(others)} subjects of other sites',
                expected=f'{budget} or more, the budget of the study',
            )
        return _drawn(others, budget, seed)

    def test(self, held_out: str = '') -> list[str]:
        """The test subjects, or those of the site that is held out.

        As all of a subject's images are tested, those who were also
        photographed elsewhere are left out.
        """
        names = self._read('test_split', self.plan.test_split)
        if not held_out:
            return names
        chosen = [name for name in names if self._sites[name] == {held_out}]
        if not chosen:
            sites = sorted({s for name in names for s in self._sites[name]})
            raise InputError(
                where='held_out',
                found=f'{held_out!r}, where no test subject was photographed',
                expected=f'one of {", ".join(map(repr, sites))}',
            )
        return chosen

    def validation(self) -> list[str]:
        """Subjects who choose settings; none trains in a trial or is tested.

        Raises:
            InputError: If fewer are left than the plan asks for.
        """
        search = self.plan.search
        taken = people_of(self.test(), self._images)
        for seed in search.seeds:
            train = self.train(search.budget, seed)
            taken |= people_of(train, self._images)
        # A split may name single images of people.
        pool = sorted({*self._read('search.pool', search.pool)})
        left = [name for name in pool if self._people[name] not in taken]
        if len(left) < search.subjects:
            raise InputError(
                where='search.subjects',
                found=f'{search.subjects}',
                expected=f'at most {len(left)}: so many of {search.pool} '
                'neither train in a trial nor test',
            )
        return _drawn(left, search.subjects, 0)

    def check_apart(self, train: list[str], test: list[str]) -> None:
        """Refuse to test on somebody who trained.

        Raises:
            InputError: Has the number of people, and no names.
        """
        both = people_of(train, self._images) & people_of(test, self._images)
        if both:
            raise InputError(
                where='train_split, pool and test_split',
                found=f'{len(both)} of {len(test)} test subjects also train',
                expected='other people: errors on these do not show how the '
                'system does on new faces',
            )

    def _read(self, key: str, split: str) -> list[str]:
        if split not in self._splits:
            path = osp.join(self.data_root, split)
            if not osp.isfile(path):
                raise MissingFileError(
                    f'{key}: the split {path!r} does not exist. Splits are '
                    "relative to the baseline's data_root; mmpose_ctd split "
                    'draws some.'
                )
            names = read_split(path)
            unknown = select_images(names, self._images)
            if unknown.unknown_subjects or unknown.unknown_images:
                raise InputError(
                    where=f'{key}: {split}',
                    found='a subject or an image that the annotation file '
                    'does not have',
                    expected='those of the annotation file',
                    cure='mmpose_ctd check lists such lines.',
                )
            self._splits[split] = names
        return self._splits[split]


def _drawn(names: list[str], count: int, seed: int) -> list[str]:
    order = np.random.default_rng(seed).permutation(len(names))
    return sorted(names[i] for i in order[:count])
