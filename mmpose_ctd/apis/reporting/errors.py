"""Errors overall, by landmark and by site, and agreement of measures."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mmpose_ctd.apis.error_tables import (
    mean_errors,
    metric_cell,
    metric_heading,
    number,
    paired_change,
    with_interval,
)
from mmpose_ctd.evaluation.functional import (
    Agreement,
    agreement,
    bootstrap_interval,
    measurement_units,
    measurements_of_set,
)
from mmpose_ctd.evaluation.functional.measurements import digits_of
from mmpose_ctd.visualization import plot_bland_altman, plot_ced

from .page_parts import PagePicture, drawing
from .system import ReportedSystem, metric_settings

_SIGNS = {'1': 'ratio', 'deg': '°', 'px': 'image px'}
_UNKNOWN = {'ME': {'value': None}}


def error_section(systems: Sequence[ReportedSystem]) -> dict:
    """Tables and figures of the errors.

    The first system is compared with each other one that is not odd.
    ``groups`` are the systems that can be compared, then each other one;
    ``ced`` is a picture of the first group.
    """
    comparable = [system for system in systems if not system.odd]
    groups = [comparable, *([s] for s in systems if s.odd)]
    return dict(
        groups=[_group(group) for group in groups],
        ced=_ced(comparable),
    )


def _group(systems: Sequence[ReportedSystem]) -> dict:
    first, report = systems[0], systems[0].reports[0]
    # Errors in fractions of a distance need more digits than pixels.
    digits = 2 if isinstance(report['unit'], str) else 4
    return dict(
        name=first.name,
        odd=first.odd,
        unit=report['unit_label'],
        num_images=report['num_images'],
        num_subjects=report['num_subjects'],
        several_seeds=any(len(system.runs) > 1 for system in systems),
        overall=_overall(systems, digits),
        landmarks=_by(
            'per_landmark',
            systems,
            digits,
            {'images': 'n'},
            lambda entry: {'value': entry['ME']},
        ),
        sites=_by(
            'per_site',
            systems,
            digits,
            {'images': 'num_images', 'subjects': 'num_subjects'},
            lambda entry: entry.get('metrics', _UNKNOWN)['ME'],
        ),
    )


def _overall(systems: Sequence[ReportedSystem], digits: int) -> pd.DataFrame:
    first, report = systems[0], systems[0].reports[0]
    names, rows = [], []
    for system in systems:
        reports = system.reports
        names.append(system.name)
        across = None
        if len(reports) > 1:
            names[-1] += f'\n{len(reports)} seeds'
            if report['per'] == 'image':
                errors = mean_errors(reports)
                across = bootstrap_interval(errors, report['groups'])
        rows.append(
            [
                metric_cell(
                    metric,
                    [r['metrics'][metric] for r in reports],
                    digits,
                    across if metric == 'ME' else None,
                )
                for metric in report['metrics']
            ]
        )
        if system is not first:
            change, *ends = paired_change(reports, first.reports)
            text = number(change, digits + 1, sign=True)
            rows[-1].append(with_interval(text, *ends, digits + 1, sign=True))
        elif len(systems) > 1:
            rows[-1].append('')
    headings = [metric_heading(metric, report) for metric in report['metrics']]
    if len(systems) > 1:
        headings.append(f'difference of ME to {first.name}')
    return pd.DataFrame(rows, names, headings)


def _by(key: str, systems, digits: int, counts: dict, error) -> pd.DataFrame:
    """A row for each landmark or site, a column for each system."""
    known = systems[0].reports[0][key]
    rows = [
        [str(entry[count]) for count in counts.values()]
        + [
            metric_cell(
                'ME',
                [error(r[key].get(name, {})) for r in system.reports],
                digits,
            )
            for system in systems
        ]
        for name, entry in known.items()
    ]
    return pd.DataFrame(rows, [*known], [*counts, *(s.name for s in systems)])


def _ced(systems: Sequence[ReportedSystem]) -> PagePicture:
    report = systems[0].reports[0]
    errors = {
        system.name: np.concatenate(
            [
                r.get('landmark_errors', r['image_errors'])
                for r in system.reports
            ]
        )
        for system in systems
    }
    unit, threshold = report['unit_label'], report['threshold']
    medians = '; '.join(
        f'{name}: half of the errors are at most {np.median(values):.2f}'
        for name, values in errors.items()
    )
    return drawing(
        plot_ced(errors, threshold, unit=unit, per=report['per']),
        f'Cumulative error distribution up to {threshold:g} {unit}. '
        f'{medians} {unit}.',
        sum(map(len, errors.values())),
    )


# ------------------------------------------------------------------ measures


def measure_sections(systems: Sequence[ReportedSystem]) -> list[dict]:
    """Agreement of the measures of each system's first run, if it has any.

    ``missing`` are measures whose landmarks no image has completely.
    """
    found = [_measures(system) for system in systems]
    return [section for section in found if section is not None]


def _measures(system: ReportedSystem) -> dict | None:
    tested = system.first.tested
    settings = metric_settings(system.first.run.cfg, 'MeasurementMetric')
    listed = measurements_of_set(
        tested.dataset_meta, (settings or {}).get('measurements')
    )
    if not listed:
        return None
    scale = tested.field('mm_per_px')
    scale = None if scale is None else scale[:, 0]
    pairs = tested.measured(listed, scale)
    units = measurement_units(listed, mm=scale is not None)
    found = {
        key: agreement(*values, tested.subjects)
        for key, values in pairs.items()
        if np.isfinite(values[0] + values[1]).any()
    }
    if not found:
        return None
    rows = {
        f'{key} ({_SIGNS.get(units[key], units[key])})': _agreement_row(
            one, np.nanmean(pairs[key][0]), digits_of(units[key])
        )
        for key, one in found.items()
    }
    figures = [
        drawing(
            plot_bland_altman({key: pairs[key]}, units, {key: one}),
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


def _agreement_row(one: Agreement, mean: float, digits: int) -> dict[str, str]:
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
