"""A model's errors next to the differences of two annotators."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mmpose_ctd.apis.annotators import eye_distances
from mmpose_ctd.apis.error_tables import number
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import (
    agreement,
    measurements_of_set,
    point_errors,
)

from .system import ReportedRun, ReportedSystem
from .tested_set import TestedSet

_TWO = 'two annotators'


def annotator_section(
    systems: Sequence[ReportedSystem], content: dict | None
) -> dict | None:
    """Tables of errors in units that do not depend on the photographs' size.

    Landmarks: mean distance in percent of the distance between the outer
    corners of the eyes, mean over the seeds. Measures: SD of the difference
    in percent of the measure's mean, and ICC(2,1), of the first seed; None if
    both share none. ``content`` is of :func:`.read_annotators`.

    Raises:
        InputError: If both share no landmark.
    """
    if content is None:
        return None
    shares = {
        row['landmark']: row['share']
        for row in content['landmarks']
        if row['unit'] == 'px'
    }
    names = [n for n in systems[0].first.tested.names if n in shares]
    if not names:
        raise InputError(
            where='--annotators',
            found=f'landmarks {", ".join(list(shares)[:5])} ...',
            expected='names of the tested landmarks',
        )
    table = pd.DataFrame(index=names)
    table[_TWO] = [number(shares[name]) for name in names]
    for system in systems:
        runs = [eye_shares(run.tested) for run in system.runs]
        table[system.name] = [
            number(float(np.mean([run.get(name, np.nan) for run in runs])))
            for name in names
        ]
    return dict(
        landmarks=table,
        measures=_measures(systems, content),
        num_photographs=content['num_photographs'],
    )


def eye_shares(tested: TestedSet) -> dict[str, float]:
    """Landmark -> its mean error in % of the true outer canthal distance.

    NaN where no image has the landmark and both outer corners of the eyes.
    """
    true = np.where(tested.visible[..., None] > 0, tested.true, np.nan)
    eyes = eye_distances(true, tested.names)
    errors = point_errors(tested.pred, tested.true, tested.visible)
    shares = 100 * errors / np.where(eyes > 0, eyes, np.nan)[:, None]
    means = np.ma.masked_invalid(shares).mean(axis=0).filled(np.nan)
    return dict(zip(tested.names, means.tolist()))


def _measures(systems, content: dict) -> pd.DataFrame | None:
    theirs = {
        row['measure']: row
        for row in content['measures']
        if row['unit'] != 'mm'
    }
    found = {system.name: _agreements(system.first) for system in systems}
    names = [name for name in theirs if any(name in f for f in found.values())]
    if not names:
        return None
    table = pd.DataFrame(index=names)
    columns = {
        _TWO: {n: _numbers(row) for n, row in theirs.items()},
        **found,
    }
    nothing = (np.nan, np.nan, np.nan)
    for title, own in columns.items():
        rows = [own.get(n, nothing) for n in names]
        table[f'{title}: SD (%)'] = [
            number(100 * sd / mean, 1) for sd, mean, _ in rows
        ]
        table[f'{title}: ICC'] = [number(icc) for *_, icc in rows]
    return table


def _numbers(row: dict) -> tuple[float, float, float]:
    values = (row[key] for key in ('sd', 'mean', 'icc'))
    return tuple(np.nan if v is None else v for v in values)


def _agreements(run: ReportedRun) -> dict[str, tuple[float, float, float]]:
    """Measure -> SD of predicted - manual, manual mean, and ICC."""
    tested = run.tested
    listed = measurements_of_set(tested.dataset_meta)
    found = {}
    for name, (manual, predicted) in tested.measured(listed).items():
        if np.isfinite(manual + predicted).any():
            one = agreement(manual, predicted, tested.subjects, 0)
            found[name] = (one.sd, float(np.nanmean(manual)), one.icc.value)
    return found
