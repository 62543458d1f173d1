"""Turns manual and predicted measures into the numbers of a report.

N: records (an instance on an image), M: measures.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..functional import Agreement, Measurement, agreement
from .records import Records, group_numbers

_ESTIMATES = ('bias', 'loa_low', 'loa_high', 'icc', 'slope')


def agreement_dict(found: Agreement) -> dict:
    """An agreement as JSON can store it: null is what is not known.

    Args:
        found (Agreement): Of one measure.

    Returns:
        dict: ``n``, ``num_subjects``; ``bias``, ``loa_low``, ``loa_high``,
        ``icc`` and ``slope``, each with value, low and high; ``sd``, ``mae``,
        ``interval``, ``notes``.
    """
    told = {
        'n': found.n,
        'num_subjects': found.num_subjects,
        'sd': _number(found.sd),
        'mae': _number(found.mae),
        'interval': found.interval,
        'notes': list(found.notes),
    }
    for name in _ESTIMATES:
        estimate = getattr(found, name)
        told[name] = {k: _number(v) for k, v in estimate._asdict().items()}
    return told


def build_measurement_report(
    records: Records,
    measurements: Sequence[Measurement],
    units: Mapping[str, str],
    num_bootstrap: int = 1000,
    seed: int = 0,
    include_ids: bool = False,
) -> tuple[dict, dict[str, Agreement]]:
    """All numbers about the agreement of measures.

    Args:
        records (Records): Values (N, M, 2), manual and predicted.
        measurements (Sequence[Measurement]): The M measures.
        units (Mapping[str, str]): Unit of each by its name.
        num_bootstrap (int): Resamples of an interval. Defaults to 1000.
        seed (int): Seed of the resamples. Defaults to 0.
        include_ids (bool): Whether subject and image of each record are
            named. Defaults to False: subjects are people.

    Returns:
        tuple[dict, dict]: The report, see :class:`MeasurementMetric`, and
        each measure's agreement by its name.
    """
    found, measures = {}, {}
    for m, one in enumerate(measurements):
        manual, predicted = records.values[:, m].T
        found[one.name] = agreement(
            manual, predicted, records.groups, num_bootstrap, seed
        )
        measures[one.name] = {
            **one.to_dict(),
            'unit': units[one.name],
            **agreement_dict(found[one.name]),
            'per_site': _sites(records, m),
            'manual': [_number(v) for v in manual],
            'predicted': [_number(v) for v in predicted],
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


def _sites(records: Records, m: int) -> dict:
    """Agreement at each site, without intervals of many resamples."""
    if all(site is None for site in records.sites):
        return {}
    sites = np.array([str(site or 'unknown') for site in records.sites])
    groups = np.array(records.groups)
    return {
        str(site): agreement_dict(
            agreement(
                *records.values[sites == site, m].T,
                groups[sites == site],
                num_bootstrap=0,
            )
        )
        for site in np.unique(sites)
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
