"""Turns landmark errors into the numbers and tables of a report.

N: records (an instance on an image), K: landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmpose_ctd.errors import InputError

from ..functional import (
    area_under_ced,
    bootstrap_interval,
    failure_rate,
    image_errors,
    mean_error,
)


@dataclass(frozen=True)
class ReportSettings:
    """What is computed from the errors.

    Args:
        threshold (float): tau of AUC and FR, in the unit of the errors.
        failure_thresholds (tuple[float]): Further thresholds of FR.
        per (str): ``'image'`` or ``'landmark'``: what counts as one error.
        num_bootstrap (int): Resamples of an interval; 0 gives none.
        seed (int): Seed of the resamples.
    """

    threshold: float
    failure_thresholds: tuple[float, ...] = ()
    per: str = 'image'
    num_bootstrap: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Records:
    """Errors and where they come from, in an order of their own.

    Args:
        errors (np.ndarray): Landmark errors, shape (N, K), NaN where there
            is nothing to measure.
        groups (list[str]): What is resampled as one: the subject.
        sites (list[str | None]): Site of each record.
        subjects (list): Subject of each record or None.
        img_ids (list): Image id of each record or None.
    """

    errors: np.ndarray
    groups: list
    sites: list
    subjects: list
    img_ids: list


def collect_records(results: Sequence[dict]) -> Records:
    """Join the results of all samples.

    The order in which workers and processes delivered them is not kept:
    records are sorted by image, so that sums round alike every time.

    Args:
        results (Sequence[dict]): Each with ``errors`` (n, K) and the fields
            ``subject``, ``site``, ``img_id`` and ``id`` (or None).

    Returns:
        Records: N records.
    """
    widths = sorted({result['errors'].shape[1] for result in results})
    if len(widths) > 1:
        raise InputError(
            f'records differ in their number of landmarks: {widths}. One '
            'LandmarkErrorMetric judges one dataset.'
        )
    rows = [(row, result) for result in results for row in result['errors']]
    rows.sort(
        key=lambda pair: (
            _sort_key(pair[1]['img_id']),
            _sort_key(pair[1]['id']),
            np.nan_to_num(pair[0], nan=-1.0).tolist(),
        )
    )
    sources = [result for _, result in rows]
    return Records(
        errors=np.stack([row for row, _ in rows]),
        groups=[_group(source, i) for i, source in enumerate(sources)],
        sites=[source['site'] for source in sources],
        subjects=[source['subject'] for source in sources],
        img_ids=[source['img_id'] for source in sources],
    )


def build_report(
    records: Records,
    names: Sequence[str],
    settings: ReportSettings,
    include_ids: bool = False,
) -> dict:
    """All numbers about the errors, ready for JSON.

    Args:
        records (Records): Errors of N records.
        names (Sequence[str]): Names of the K landmarks.
        settings (ReportSettings): What to compute.
        include_ids (bool): Whether ``image_errors`` names subject and image.
            Defaults to False: subjects are people.

    Returns:
        dict: See :class:`LandmarkErrorMetric`.
    """
    per_image = image_errors(records.errors)
    judged = np.flatnonzero(~np.isnan(per_image))
    if judged.size == 0:
        raise InputError(
            f'none of the {len(per_image)} records can be judged: no '
            'visible landmark, or a unit that none of them has.'
        )
    known_subjects = {
        str(records.subjects[i])
        for i in judged
        if records.subjects[i] is not None
    }
    report = {
        'threshold': settings.threshold,
        'per': settings.per,
        'num_images': int(judged.size),
        'num_ignored': len(per_image) - int(judged.size),
        'num_subjects': len(known_subjects) or None,
        'groups': _numbers(records.groups, judged),
        'metrics': _statistics(records, judged, settings),
        'per_landmark': {
            name: _landmark(errors, settings)
            for name, errors in zip(names, records.errors.T)
        },
        'per_site': _sites(records, judged, settings),
    }
    if include_ids:
        report['image_errors'] = [
            {
                'subject': records.subjects[i],
                'img_id': records.img_ids[i],
                'error': float(per_image[i]),
            }
            for i in judged
        ]
    else:
        report['image_errors'] = per_image[judged].tolist()
    if settings.per == 'landmark':
        values, _ = _values(records, judged, 'landmark')
        report['landmark_errors'] = values.tolist()
    return report


def _numbers(groups: list, which: np.ndarray) -> list[int]:
    """Number of each record's group, in order of appearance."""
    numbers: dict = {}
    return [numbers.setdefault(groups[i], len(numbers)) for i in which]


def _values(records: Records, which: np.ndarray, per: str):
    """Errors to average and the group of each, both of one length."""
    groups = np.array(records.groups)[which]
    errors = records.errors[which]
    if per == 'image':
        return image_errors(errors), groups
    known = ~np.isnan(errors)
    return errors[known], np.repeat(groups, known.sum(axis=1))


def _statistics(
    records: Records, which: np.ndarray, settings: ReportSettings
) -> dict:
    """ME, AUC, FR and FR@t with their intervals."""
    values, groups = _values(records, which, settings.per)
    tau = settings.threshold
    # Each statistic is the mean over errors of the second entry, which is
    # what the bootstrap resamples.
    statistics = {
        'ME': (mean_error(values), values),
        'AUC': (area_under_ced(values, tau), np.maximum(0, 1 - values / tau)),
        'FR': (failure_rate(values, tau), values > tau),
    }
    for t in settings.failure_thresholds:
        statistics[f'FR@{t:g}'] = failure_rate(values, t), values > t
    return {
        name: {'value': value, **_interval(terms, groups, settings)}
        for name, (value, terms) in statistics.items()
    }


def _interval(terms, groups, settings: ReportSettings) -> dict:
    if settings.num_bootstrap == 0:
        return {'low': None, 'high': None}
    low, high = bootstrap_interval(
        terms,
        groups,
        num_resamples=settings.num_bootstrap,
        seed=settings.seed,
    )
    # JSON has no NaN; null says "not known" just as well.
    unknown = np.isnan(low)
    return {
        'low': None if unknown else low,
        'high': None if unknown else high,
    }


def _landmark(errors: np.ndarray, settings: ReportSettings) -> dict:
    count = int((~np.isnan(errors)).sum())
    if count == 0:
        return {'ME': None, 'AUC': None, 'FR': None, 'n': 0}
    return {
        'ME': mean_error(errors),
        'AUC': area_under_ced(errors, settings.threshold),
        'FR': failure_rate(errors, settings.threshold),
        'n': count,
    }


def _sites(
    records: Records, judged: np.ndarray, settings: ReportSettings
) -> dict:
    if all(records.sites[i] is None for i in judged):
        return {}
    sites = np.array([str(records.sites[i] or 'unknown') for i in judged])
    table = {}
    for site in np.unique(sites):
        which = judged[sites == site]
        table[str(site)] = {
            'num_images': int(which.size),
            'num_subjects': len({records.groups[i] for i in which}),
            'metrics': _statistics(records, which, settings),
        }
    return table


def _group(source: dict, index: int) -> str:
    """What a record is resampled with: its person, else its image."""
    for field in ('subject', 'img_id'):
        if source[field] is not None:
            return f'{field} {source[field]}'
    return f'record {index}'


def _sort_key(value) -> tuple:
    if isinstance(value, (int, float, np.integer, np.floating)):
        return (0, float(value), '')
    return (1, 0.0, str(value))
