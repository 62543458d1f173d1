"""Agreement of measures on predicted landmarks with those on true ones."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mmpose_ctd.apis.error_tables import number, with_interval
from mmpose_ctd.evaluation.functional import (
    Agreement,
    agreement,
    measure,
    measurement_units,
    measurements_of_set,
)
from mmpose_ctd.evaluation.functional.measurements import digits_of
from mmpose_ctd.visualization import plot_bland_altman

from .pictures import drawing
from .system import ReportedSystem, metric_settings

_SIGNS = {'1': 'ratio', 'deg': '°'}


def measure_sections(systems: Sequence[ReportedSystem]) -> list[dict]:
    """Agreement of the measures of each system's first run.

    Returns:
        list[dict]: For each system that has measures: its name ``system``, a
        ``table`` (:class:`pandas.DataFrame` of text), Bland-Altman
        ``figures``, ``notes`` (names of measures, text), and names of
        measures that are ``missing`` because no image has all landmarks.
    """
    found = [_section(system) for system in systems]
    return [section for section in found if section is not None]


def _section(system: ReportedSystem) -> dict | None:
    tested = system.first.tested
    settings = metric_settings(system.first.run.cfg, 'MeasurementMetric')
    listed = measurements_of_set(
        tested.dataset_meta, (settings or {}).get('measurements')
    )
    if not listed:
        return None
    scale = tested.geometry.get('mm_per_px')
    scale = None if scale is None else scale[:, 0]
    manual, predicted = (
        measure(points, tested.visible, tested.names, listed, scale)
        for points in (tested.true, tested.pred)
    )
    units = measurement_units(listed, mm=scale is not None)
    pairs = {key: (manual[key], predicted[key]) for key in manual}
    found = {
        key: agreement(*values, tested.subjects)
        for key, values in pairs.items()
        if np.isfinite(values[0] + values[1]).any()
    }
    if not found:
        return None
    rows = {
        f'{key} ({_SIGNS.get(units[key], units[key])})': _row(
            one, np.nanmean(manual[key]), digits_of(units[key])
        )
        for key, one in found.items()
    }
    figures = [
        drawing(
            plot_bland_altman(
                {key: pairs[key]}, units, tested.subjects, {key: one}
            ),
            f'Bland-Altman plot of {key}, {system.name}: difference of '
            f'predicted and manual value over their mean, {one.n} images. '
            'Its numbers are in the table.',
            one.n,
        )
        for key, one in found.items()
    ]
    return dict(
        system=system.name,
        table=pd.DataFrame.from_dict(rows, orient='index'),
        figures=figures,
        notes=_notes(found),
        missing=[key for key in pairs if key not in found],
    )


def _notes(found: dict[str, Agreement]) -> list[tuple[str, str]]:
    """Names of measures, and what their agreement notes."""
    names: dict[str, list] = {}
    for key, one in found.items():
        for note in one.notes:
            names.setdefault(note, []).append(key)
    return [(', '.join(keys), note) for note, keys in names.items()]


def _row(one: Agreement, mean: float, digits: int) -> dict[str, str]:
    limits = (one.loa_low.value, one.loa_high.value)
    known = np.isfinite(limits).all()
    limits = ' to '.join(number(v, digits, sign=True) for v in limits)
    bias, icc = one.bias, one.icc
    bias_text = number(bias.value, digits, sign=True)
    return {
        'n': str(one.n),
        'manual mean': number(mean, digits),
        'bias': with_interval(
            bias_text, bias.low, bias.high, digits, sign=True
        ),
        'SD': number(one.sd, digits),
        'limits of agreement': limits if known else '–',
        'MAE': number(one.mae, digits),
        'ICC(2,1)': with_interval(number(icc.value), icc.low, icc.high, 2),
    }
