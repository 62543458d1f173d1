"""Records of finished runs: which can be compared, and as a table.

A record is a dict:

====================  =====================================================
study, system         Names; ``study`` may be ``''``.
variant               What the study changes, such as ``'loss_weight=100'``;
                      ``''`` for nothing.
budget                Number of labelled training images.
seed                  Of the run and of the draw of its training images.
held_out              The site tested on and not trained on; ``''`` for the
                      common test set.
role                  ``'final'``, tested on the test set, or ``'trial'``, a
                      run of the search, tested on validation subjects.
options               dict: what was changed in the system's config.
steps                 Training steps; 0 if the system is not trained in steps.
config_hash, commit   Of the config, and of the program (``+``: changed).
environment           dict: versions and class of machine.
started               UTC, ISO 8601.
seconds               Of the training; ``test_seconds`` of the test.
test_set              Equal for the same images and true points.
landmarks             K names.
subjects              N numbers, the same in all records of one test set.
sites                 N names, ``''`` if unknown.
errors                N lists of K distances in pixels of the image; None or
                      NaN for invisible landmarks.
====================  =====================================================

N: test images, K: landmarks. ``system``, ``budget``, ``seed``, ``landmarks``
and ``errors`` are required.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from mmpose_ctd.evaluation.functional import image_errors

#: Fields that have a default.
_DEFAULTS = dict(
    study='',
    variant='',
    held_out='',
    role='final',
    options={},
    steps=0,
    config_hash='',
    commit='',
    environment={},
    started='',
    seconds=0.0,
    test_seconds=0.0,
    test_set='',
)
_IMAGE_FIELDS = ('landmarks', 'subjects', 'sites', 'errors')


def results_frame(records: Iterable[Mapping]) -> pd.DataFrame:
    """All test errors of finished runs, a row per run and image.

    Args:
        records (Iterable[Mapping]): See the module.

    Returns:
        pandas.DataFrame: The records' fields (``landmarks`` a tuple), and

        - ``run``: number of the record.
        - ``image``: number of the image in its test set; ``subject``,
          ``site``.
        - ``error``: mean over the image's visible landmarks, pixels of the
          image; NaN if none is visible.
        - ``error_NAME``: of each landmark; NaN if it is invisible.

    Examples:
        >>> frame = results_frame([dict(system='FT', budget=20, seed=0,
        ...     landmarks=['tip', 'chin'], errors=[[1., 3.], [2., None]])])
        >>> frame.groupby(['system', 'budget']).error.mean()
        system  budget
        FT      20        2.0
        Name: error, dtype: float64
    """
    runs, images = [], []
    for number, record in enumerate(map(_filled, records)):
        errors = record['errors']
        runs.append(
            {k: v for k, v in record.items() if k not in _IMAGE_FIELDS}
            | {'run': number, 'landmarks': tuple(record['landmarks'])}
        )
        table = pd.DataFrame(
            errors, columns=[f'error_{name}' for name in record['landmarks']]
        )
        table.insert(0, 'error', image_errors(errors))
        table.insert(0, 'site', list(record['sites']))
        table.insert(0, 'subject', record['subjects'])
        table.insert(0, 'image', np.arange(len(errors)))
        table.insert(0, 'run', number)
        images.append(table)
    if not runs:
        return pd.DataFrame(columns=[*_DEFAULTS, 'run', 'image', 'error'])
    return pd.DataFrame(runs).merge(pd.concat(images), on='run')


def usable(
    records: Iterable[Mapping],
) -> tuple[list[dict], list[dict], list[str]]:
    """Choose the records that can be compared with each other.

    Returns:
        tuple: The final runs, the trials, both sorted, and a warning for each
        record left out: wrong shape, infinite or negative errors, no error at
        all, images or landmarks unlike most records of its test set, or run
        twice (the one started last is kept).
    """
    finals, trials, warnings = [], [], []
    for record in sorted(map(_filled, records), key=_order):
        fault = _fault(record)
        if fault:
            warnings.append(f'{_name(record)}: left out, {fault}')
        else:
            (trials if record['role'] == 'trial' else finals).append(record)
    finals = _once(finals, warnings)
    return _uniform(finals, warnings), trials, warnings


def _filled(record: Mapping) -> dict:
    """A record with all fields; errors as (N, K) where that is possible."""
    rows = record['errors']
    try:
        # None becomes NaN.
        errors = np.array(rows, dtype=np.float64)
    except ValueError:
        errors = np.full((len(rows), 0), np.nan)
    return {
        **_DEFAULTS,
        'subjects': np.arange(len(errors)),
        'sites': ('',) * len(errors),
        **record,
        'errors': errors,
    }


def _order(record: dict) -> tuple:
    return (
        *_identity(record),
        record['started'],
        record['config_hash'],
        str(record['commit']),
        str(sorted(record['options'].items(), key=str)),
    )


def _identity(record: dict) -> tuple:
    keys = ('study', 'held_out', 'system', 'variant', 'budget', 'seed', 'role')
    return tuple(record[key] for key in keys)


def _name(record: dict) -> str:
    """A run in words."""
    parts = [
        record['study'],
        f'{record["system"]} {record["variant"]}'.strip(),
        f'n={record["budget"]}',
        f'seed {record["seed"]}',
        record['held_out'] and f'held out {record["held_out"]}',
    ]
    return ', '.join(filter(None, parts))


def _fault(record: dict) -> str:
    """Why a record cannot be used; empty if it can."""
    if record['role'] not in ('final', 'trial'):
        return f"role must be 'final' or 'trial', found {record['role']!r}."
    if record['role'] == 'trial':
        return ''
    errors = record['errors']
    wanted = len(record['subjects']), len(record['landmarks'])
    if errors.shape != wanted or len(record['sites']) != wanted[0]:
        return (
            f'{wanted[0]} subjects and {wanted[1]} landmarks do not fit '
            f'errors of shape {errors.shape} and {len(record["sites"])} sites.'
        )
    if np.isinf(errors).any() or (errors < 0).any():
        return 'an error is infinite or negative: it did not converge.'
    if np.isnan(errors).all():
        return 'no image has an error.'
    return ''


def _once(records: list[dict], warnings: list[str]) -> list[dict]:
    """Of records of the same run, the one started last."""
    found: dict = {}
    for record in records:
        key = (*_identity(record), record['test_set'])
        found.setdefault(key, []).append(record)
    warnings += [
        f'{_name(same[-1])}: found {len(same)} times; the one started last '
        'is used.'
        for same in found.values()
        if len(same) > 1
    ]
    return [same[-1] for same in found.values()]


def _uniform(records: list[dict], warnings: list[str]) -> list[dict]:
    """Records with the images, landmarks and gaps that most records have."""

    def shape(record):
        return (
            tuple(record['landmarks']),
            tuple(map(int, record['subjects'])),
            tuple(record['sites']),
            np.isnan(record['errors']).tobytes(),
        )

    counts: dict[str, Counter] = {}
    for record in records:
        found = counts.setdefault(record['test_set'], Counter())
        found[shape(record)] += 1
    usual = {
        test_set: max(found, key=lambda one: (found[one], one))
        for test_set, found in counts.items()
    }
    kept = []
    for record in records:
        if shape(record) == usual[record['test_set']]:
            kept.append(record)
        else:
            warnings.append(
                f'{_name(record)}: left out, its images, landmarks or '
                'missing errors differ from those of the other records '
                'of the same test set.'
            )
    return sorted(kept, key=_order)


def mean_error(record: Mapping) -> float:
    """ME of a run in pixels: the mean over images of their mean error."""
    return round(float(np.nanmean(image_errors(record['errors']))), 6)
