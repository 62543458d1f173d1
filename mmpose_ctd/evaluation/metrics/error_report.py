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
from .records import Records, group_numbers


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
    per_image = image_errors(records.values)
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
        'groups': group_numbers(records.groups, judged),
        'metrics': _statistics(records, judged, settings),
        'per_landmark': {
            name: _landmark(errors, settings)
            for name, errors in zip(names, records.values.T)
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


def _values(records: Records, which: np.ndarray, per: str):
    """Errors to average and the group of each, both of one length."""
    groups = np.array(records.groups)[which]
    errors = records.values[which]
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
