"""Reports of landmark errors and of measures, as JSON can store them.

N: records (an instance on an image), K: landmarks, M: measures.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from mmpose_ctd.errors import InputError

from ..functional import (
    Agreement,
    Measurement,
    agreement,
    area_under_ced,
    bootstrap_interval,
    failure_rate,
    image_errors,
    mean_error,
    share_interval,
)
from .records import Records, group_numbers

# ------------------------------------------------------------------- errors


def error_report(
    records: Records,
    names: Sequence[str],
    threshold: float,
    failure_thresholds: Sequence[float] = (),
    per: str = 'image',
    num_bootstrap: int = 1000,
    seed: int = 0,
    include_ids: bool = False,
) -> dict:
    """Report landmark errors (N, K); see :class:`LandmarkErrorMetric`.

    Args:
        records (Records): Errors of N records.
        names (Sequence[str]): The K landmarks.
        threshold (float): tau of AUC and FR.
        failure_thresholds (Sequence[float]): Of further failure rates.
        per (str): ``'image'`` or ``'landmark'``: what counts as one error.
        num_bootstrap (int): Resamples of an interval; 0 for none.
        seed (int): Of the resamples.
        include_ids (bool): Whether ``image_errors`` names subject and image.

    Raises:
        InputError: If no record can be judged.
    """
    per_image = image_errors(records.values)
    judged = np.flatnonzero(~np.isnan(per_image))
    if judged.size == 0:
        raise InputError(
            f'none of the {len(per_image)} records can be judged: no '
            'visible landmark, or a unit that none of them has.'
        )
    subjects = {records.subjects[i] for i in judged} - {None}

    def statistics(which: np.ndarray) -> dict:
        """ME, AUC, FR and FR@t with their intervals."""
        values, groups = _values(records, which, per)
        # Each is the mean of its terms, which the interval resamples.
        found = {
            'ME': (mean_error(values), values),
            'AUC': (
                area_under_ced(values, threshold),
                np.maximum(0, 1 - values / threshold),
            ),
            'FR': (failure_rate(values, threshold), values > threshold),
        }
        for t in failure_thresholds:
            found[f'FR@{t:g}'] = failure_rate(values, t), values > t
        report = {}
        for name, (value, terms) in found.items():
            low = high = math.nan
            if num_bootstrap:
                of = share_interval if 'FR' in name else bootstrap_interval
                low, high = of(
                    terms, groups, num_resamples=num_bootstrap, seed=seed
                )
            report[name] = {
                'value': value,
                'low': _known(low),
                'high': _known(high),
            }
        return report

    per_site = {}
    sites = [records.sites[i] for i in judged]
    for site, which in _by_site(sites):
        per_site[site] = {
            'num_images': len(which),
            'num_subjects': len({records.groups[i] for i in judged[which]}),
            'metrics': statistics(judged[which]),
        }
    report = {
        'threshold': threshold,
        'per': per,
        'num_images': int(judged.size),
        'num_ignored': len(per_image) - int(judged.size),
        'num_subjects': len({*map(str, subjects)}) or None,
        'groups': group_numbers(records.groups, judged),
        'metrics': statistics(judged),
        'per_landmark': {
            name: _landmark(errors, threshold)
            for name, errors in zip(names, records.values.T)
        },
        'per_site': per_site,
        'image_errors': per_image[judged].tolist(),
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
    if per == 'landmark':
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


def _landmark(errors: np.ndarray, threshold: float) -> dict:
    count = int((~np.isnan(errors)).sum())
    if count == 0:
        return {'ME': None, 'AUC': None, 'FR': None, 'n': 0}
    return {
        'ME': mean_error(errors),
        'AUC': area_under_ced(errors, threshold),
        'FR': failure_rate(errors, threshold),
        'n': count,
    }


def _by_site(sites: Sequence) -> list[tuple[str, np.ndarray]]:
    """Each site and its places in the list; nothing if none is known."""
    if all(site is None for site in sites):
        return []
    named = np.array([str(site or 'unknown') for site in sites])
    return [
        (str(site), np.flatnonzero(named == site)) for site in np.unique(named)
    ]


def _known(value: float) -> float | None:
    """JSON has no NaN; null says "not known" as well."""
    return None if math.isnan(value) else float(value)


# ----------------------------------------------------------------- measures


def measurement_report(
    records: Records,
    measurements: Sequence[Measurement],
    units: Mapping[str, str],
    num_bootstrap: int = 1000,
    seed: int = 0,
    include_ids: bool = False,
) -> tuple[dict, dict[str, Agreement]]:
    """Report the agreement of measures; see :class:`MeasurementMetric`.

    Args:
        records (Records): Values (N, M, 2), manual and predicted.
        measurements (Sequence[Measurement]): The M measures.
        units (Mapping[str, str]): Unit of each by its name.
        num_bootstrap (int): Resamples of an interval. Defaults to 1000.
        seed (int): Of the resamples. Defaults to 0.
        include_ids (bool): Whether to name subject and image of each record.

    Returns:
        tuple[dict, dict]: The report, and each measure's agreement by name.
    """
    found, measures = {}, {}
    groups = np.array(records.groups)
    for m, one in enumerate(measurements):
        manual, predicted = records.values[:, m].T
        found[one.name] = agreement(
            manual, predicted, records.groups, num_bootstrap, seed
        )
        measures[one.name] = {
            **one.to_dict(),
            'unit': units[one.name],
            **_agreement(found[one.name]),
            # Without intervals of many resamples.
            'per_site': {
                site: _agreement(
                    agreement(
                        manual[which],
                        predicted[which],
                        groups[which],
                        num_bootstrap=0,
                    )
                )
                for site, which in _by_site(records.sites)
            },
            'manual': [_known(v) for v in manual],
            'predicted': [_known(v) for v in predicted],
        }
    everyone = range(len(records.values))
    report = {
        'num_images': len(records.values),
        'num_subjects': len(set(records.subjects) - {None}) or None,
        'groups': group_numbers(records.groups, everyone),
        'measures': measures,
    }
    if include_ids:
        report['images'] = [
            {'subject': subject, 'img_id': img_id}
            for subject, img_id in zip(records.subjects, records.img_ids)
        ]
    return report, found


def _agreement(found: Agreement) -> dict:
    report = {
        'n': found.n,
        'num_subjects': found.num_subjects,
        'sd': _known(found.sd),
        'mae': _known(found.mae),
        'interval': found.interval,
        'notes': list(found.notes),
    }
    for name in ('bias', 'loa_low', 'loa_high', 'icc', 'slope'):
        estimate = getattr(found, name)
        report[name] = {k: _known(v) for k, v in estimate._asdict().items()}
    return report
