"""Agreement of measures on predicted landmarks with those on true ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mmpose_ctd.evaluation.functional import agreement, measure
from mmpose_ctd.evaluation.functional.measurement_catalogue import (
    measurements_of_set,
)
from mmpose_ctd.evaluation.functional.measurements import (
    digits_of,
    measurement_units,
)
from mmpose_ctd.visualization import plot_bland_altman

from .pictures import drawing
from .system import RunResult, System
from .tables import Table, interval, number

__all__ = ['MeasureSection', 'measure_sections']


@dataclass
class MeasureSection:
    """Measures of one system.

    Attributes:
        system (str): Its name.
        table (Table): Agreement of each measure.
        figures (list[Picture]): Bland-Altman plots, one a measure.
        notes (list[str]): What is not known, and why.
    """

    system: str
    table: Table
    figures: list
    notes: list = field(default_factory=list)


def measure_sections(systems: Sequence[System]) -> list[MeasureSection]:
    """Of the first run of each system; empty where there is no measure."""
    found = [_section(system.name, system.first) for system in systems]
    return [section for section in found if section is not None]


def _section(name: str, result: RunResult) -> MeasureSection | None:
    tested = result.tested
    listed = measurements_of_set(tested.dataset_meta, _configured(result))
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
        # What nobody could measure is told, not drawn.
        if np.isfinite(values[0] + values[1]).any()
    }
    if not found:
        return None
    figures = [
        drawing(
            plot_bland_altman(
                {key: pairs[key]}, units, tested.subjects, {key: one}
            ),
            f'Bland-Altman plot of {key}, {name}: difference of predicted '
            f'and manual value over their mean, {one.n} images. Its numbers '
            'are in the table.',
            one.n,
        )
        for key, one in found.items()
    ]
    missing = [key for key in pairs if key not in found]
    notes = [
        f'{key}: {note}' for key, one in found.items() for note in one.notes
    ]
    if missing:
        notes.append(f'Nobody has all landmarks of {", ".join(missing)}.')
    return MeasureSection(
        name,
        _table(found, manual, units),
        figures,
        notes,
    )


def _configured(result: RunResult) -> list | None:
    """The measures that the config of the test lists."""
    evaluators = result.run.cfg.get('test_evaluator') or []
    if not isinstance(evaluators, (list, tuple)):
        evaluators = [evaluators]
    for settings in evaluators:
        if settings.get('type') == 'MeasurementMetric':
            return settings.get('measurements')
    return None


def _table(found, manual, units) -> Table:
    table = Table(
        'Predicted against manual measures. Bias: mean of predicted − manual; '
        'SD: of a single difference; limits of agreement: hold 95 % of them; '
        'MAE: mean absolute difference; in brackets 95 % intervals',
        [
            'measure',
            'n',
            'manual mean',
            'bias',
            'SD',
            'limits of agreement',
            'MAE',
            'ICC(2,1)',
        ],
    )
    for key, one in found.items():
        digits = digits_of(units[key])
        unit = {'1': 'ratio', 'deg': '°'}.get(units[key], units[key])
        limits = (one.loa_low.value, one.loa_high.value)
        table.rows.append(
            [
                f'{key} ({unit})',
                str(one.n),
                number(np.nanmean(manual[key]), digits),
                _estimate(one.bias, digits, sign=True),
                number(one.sd, digits),
                ' to '.join(number(v, digits, sign=True) for v in limits)
                if np.isfinite(limits).all()
                else '–',
                number(one.mae, digits),
                _estimate(one.icc, 2),
            ]
        )
    return table


def _estimate(one, digits: int, sign: bool = False) -> str:
    ends = interval(one.low, one.high, digits, sign)
    told = number(one.value, digits, sign)
    return f'{told}\n{ends}' if ends else told
