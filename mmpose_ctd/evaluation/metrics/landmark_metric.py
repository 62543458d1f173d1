"""What both metrics of landmarks share.

N: records, an instance on an image each.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmpose_ctd.errors import InputError

from .sample_errors import sample_points, truth_digest


class LandmarkMetric(BaseMetric):
    """A metric of samples with predicted and true landmarks.

    Args:
        num_bootstrap (int): Resamples of an interval; 0 leaves out those that
            need resamples. Defaults to 1000.
        seed (int): Seed of the resamples. Defaults to 0.
        include_ids (bool): Whether the report names subject and image of
            each record. Defaults to False.
        collect_device (str): ``'cpu'`` or ``'gpu'``, where results of
            several processes meet. Defaults to ``'cpu'``.
        prefix (str, optional): Prefix of the scalars' names. Defaults to the
            metric's own.

    Attributes:
        report (dict, optional): What the last evaluation found, as JSON can
            store it. None before, and in processes other than the main one.
    """

    def __init__(
        self,
        num_bootstrap: int = 1000,
        seed: int = 0,
        include_ids: bool = False,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        try:
            self.num_bootstrap = int(num_bootstrap)
        except (TypeError, ValueError):
            self.num_bootstrap = -1
        if self.num_bootstrap != num_bootstrap or self.num_bootstrap < 0:
            raise InputError(
                where='num_bootstrap',
                found=repr(num_bootstrap),
                expected='a whole number, 0 for no intervals',
            )
        self.seed, self.include_ids = seed, include_ids
        self.report: dict | None = None
        self._warned: set[str] = set()

    @property
    def landmark_ids(self) -> dict[str, int] | None:
        """Index of each landmark name, None where the dataset names none."""
        return (self.dataset_meta or {}).get('keypoint_name2id')

    def landmark_names(self, num_landmarks: int) -> list[str]:
        """Names of the K landmarks, numbers where the dataset names none."""
        names = (self.dataset_meta or {}).get('keypoint_id2name')
        if not names:
            return [f'landmark_{k}' for k in range(num_landmarks)]
        if len(names) != num_landmarks:
            raise InputError(
                where='dataset',
                found=f'it names {len(names)} landmarks, its records have '
                f'{num_landmarks}',
            )
        return [names[k] for k in range(num_landmarks)]

    def keep(self, sample: Mapping, values: np.ndarray, **fields) -> None:
        """Add the values (n, ...) of a sample's n instances to the results.

        One result a sample, however many instances it has: mmengine cuts the
        results of all processes to the number of samples.
        """
        origin = ('subject', 'site', 'img_id', 'id')
        _, gt, visible = sample_points(sample)
        # The place of a missing landmark does not count.
        gt = np.where(visible[..., None], gt, np.nan)
        self.results.append(
            {
                'values': values,
                **{field: sample.get(field) for field in origin},
                'truth': truth_digest([gt]),
                **fields,
            }
        )

    def records_of(self, results: list) -> tuple['Records', str]:
        """Records of all processes' results, and their test set's digest."""
        if not results:
            raise InputError(
                where=type(self).__name__,
                found='no predictions',
                cure='Is the dataset of this evaluator empty?',
            )
        test_set = truth_digest(sorted(result['truth'] for result in results))
        return collect_records(results), test_set

    def warn(self, message: str) -> None:
        """Warn, once."""
        if message not in self._warned:
            self._warned.add(message)
            print_log(
                f'{type(self).__name__}: {message}',
                logger='current',
                level=logging.WARNING,
            )

    def warn_of_unknown(self, subjects: list) -> None:
        """Warn that images of one person may count as several people."""
        unknown = sum(subject is None for subject in subjects)
        if unknown:
            self.warn(
                f'{unknown} of {len(subjects)} records name no subject: '
                'their intervals are over images, and too narrow if a '
                "person has several. List 'subject' in PackPoseInputs' "
                'meta_keys if the dataset knows it.'
            )


@dataclass(frozen=True)
class Records:
    """Values of N records and where they come from, sorted by image.

    Args:
        values (np.ndarray): One row a record, shape (N, ...), NaN where
            there is nothing to measure.
        groups (list[str]): What is resampled as one: the subject, or else
            the image.
        sites (list[str | None]): Site of each record.
        subjects (list): Subject of each record or None.
        img_ids (list): Image id of each record or None.
    """

    values: np.ndarray
    groups: list
    sites: list
    subjects: list
    img_ids: list

    def by_site(self, which: np.ndarray) -> dict[str, np.ndarray]:
        """Site -> its records among ``which``; empty if none is known."""
        sites = [self.sites[i] for i in which]
        if all(site is None for site in sites):
            return {}
        named = np.array([str(site or 'unknown') for site in sites])
        return {str(site): which[named == site] for site in np.unique(named)}

    def group_numbers(self, which: Sequence[int]) -> list[int]:
        """Number of each record's group, in order of appearance."""
        numbers: dict = {}
        return [
            numbers.setdefault(self.groups[i], len(numbers)) for i in which
        ]


def collect_records(results: Sequence[dict]) -> Records:
    """Join the results of all samples, sorted by image.

    The order of delivery by several processes does not matter; sums round
    equally every time. A result has ``values`` of shape (n, ...), and
    ``subject``, ``site``, ``img_id``, ``id`` (or None).
    """
    widths = sorted({result['values'].shape[1] for result in results})
    if len(widths) > 1:
        raise InputError(
            where='records',
            found=f'different numbers of landmarks: {widths}',
            expected='one dataset for each metric',
        )
    rows = [(row, result) for result in results for row in result['values']]
    rows.sort(
        key=lambda pair: (
            _sort_key(pair[1]['img_id']),
            _sort_key(pair[1]['id']),
            np.nan_to_num(pair[0], nan=-1.0).ravel().tolist(),
        )
    )
    sources = [result for _, result in rows]
    return Records(
        np.stack([row for row, _ in rows]),
        [_group(source, i) for i, source in enumerate(sources)],
        *([s[key] for s in sources] for key in ('site', 'subject', 'img_id')),
    )


def known_or_none(value: float) -> float | None:
    """JSON has no NaN; null says "not known" as well."""
    return None if math.isnan(value) else float(value)


def _group(source: dict, index: int) -> str:
    for field in ('subject', 'img_id'):
        if source[field] is not None:
            return f'{field} {source[field]}'
    return f'record {index}'


def _sort_key(value) -> tuple:
    if isinstance(value, (int, float, np.integer, np.floating)):
        return (0, float(value), '')
    return (1, 0.0, str(value))
