"""Errors overall, by landmark and by site."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mmpose_ctd.apis.error_tables import mean_errors, paired_change
from mmpose_ctd.evaluation.functional import bootstrap_interval
from mmpose_ctd.visualization import plot_ced, plot_landmark_errors

from .pictures import Picture, drawing
from .system import System
from .tables import Table, interval, metric_cell, metric_heading, number

__all__ = ['ErrorSection', 'error_section']


@dataclass
class ErrorSection:
    """What is known of the errors.

    Attributes:
        overall (list[Table]): The systems that can be compared, then each
            other one.
        ced (Picture): Error distributions of the former.
        landmarks (list[Table]): Error of each landmark.
        landmark_map (Picture, optional): The same on a mean face.
        sites (list[Table]): Error at each site.
    """

    overall: list = field(default_factory=list)
    ced: Picture | None = None
    landmarks: list = field(default_factory=list)
    landmark_map: Picture | None = None
    sites: list = field(default_factory=list)


def error_section(systems: Sequence[System]) -> ErrorSection:
    """Tables and figures of the errors.

    Args:
        systems (Sequence[System]): The first is what the others are compared
            with, as far as they can be.
    """
    alike = [system for system in systems if not system.odd]
    groups = [alike, *([s] for s in systems if s.odd)]
    section = ErrorSection(ced=_ced(alike), landmark_map=_map(alike))
    for group in groups:
        section.overall.append(_overall(group))
        section.landmarks.append(_landmarks(group))
        sites = _sites(group)
        if sites.rows:
            section.sites.append(sites)
    return section


def _digits(report: dict) -> int:
    # A distance of landmarks as unit gives hundredths.
    return 2 if isinstance(report['unit'], str) else 4


def _overall(systems: Sequence[System]) -> Table:
    first = systems[0]
    report = first.reports[0]
    names = list(report['metrics'])
    digits = _digits(report)
    several = len(systems) > 1
    headings = ['system', *(metric_heading(n, report) for n in names)]
    if several:
        headings.append(f'difference of ME to {first.name}')
    table = Table(_overall_caption(systems), headings)
    for system in systems:
        reports = system.reports
        name = system.name
        if len(reports) > 1:
            name += f'\n{len(reports)} seeds'
        cells = [
            metric_cell(
                n,
                [r['metrics'][n] for r in reports],
                digits,
                _mean_interval(reports) if n == 'ME' else None,
            )
            for n in names
        ]
        if several:
            cells.append(_difference(system, first, digits))
        table.rows.append([name, *cells])
    return table


def _overall_caption(systems: Sequence[System]) -> str:
    report = systems[0].reports[0]
    people = report['num_subjects']
    over = f'{people} subjects' if people else 'images'
    images = f'{report["num_images"]} test images'
    told = f'{images}' + (f' of {people} subjects' if people else '')
    told += f'; in brackets 95 % bootstrap intervals over {over}'
    if any(len(system.runs) > 1 for system in systems):
        told += '; ± is the standard deviation over seeds'
    if systems[0].odd:
        told += f'. Not comparable with the first system: {systems[0].odd}'
    return told


def _mean_interval(reports: Sequence[dict]) -> tuple[float, float] | None:
    """Of the error averaged over the seeds."""
    if len(reports) == 1 or reports[0]['per'] != 'image':
        return None
    return bootstrap_interval(mean_errors(reports), reports[0]['groups'])


def _difference(system: System, first: System, digits: int) -> str:
    if system is first:
        return ''
    change, low, high = paired_change(system.reports, first.reports)
    told = number(change, digits + 1, sign=True)
    ends = interval(low, high, digits + 1, sign=True)
    return f'{told}\n{ends}' if ends else told


def _ced(systems: Sequence[System]) -> Picture:
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
    unit = report['unit_label']
    figure = plot_ced(
        errors, report['threshold'], unit=unit, per=report['per']
    )
    told = '; '.join(
        f'{name}: half of the errors are at most {np.median(values):.2f}'
        for name, values in errors.items()
    )
    return drawing(
        figure,
        f'Cumulative error distribution up to {report["threshold"]:g} {unit}. '
        f'{told} {unit}.',
        sum(map(len, errors.values())),
    )


def _landmarks(systems: Sequence[System]) -> Table:
    report = systems[0].reports[0]
    digits = _digits(report)
    table = Table(
        f'Mean error of each landmark in {report["unit_label"]}'
        + _behind(systems),
        ['landmark', 'images', *(system.name for system in systems)],
    )
    for name, entry in report['per_landmark'].items():
        cells = [
            metric_cell(
                'ME',
                [
                    {'value': r['per_landmark'][name]['ME']}
                    for r in system.reports
                ],
                digits,
            )
            for system in systems
        ]
        table.rows.append([name, str(entry['n']), *cells])
    return table


def _behind(systems: Sequence[System]) -> str:
    return f' ({systems[0].name} alone)' if systems[0].odd else ''


def _map(systems: Sequence[System]) -> Picture | None:
    points = systems[0].first.tested.mean_face()
    errors = {s.name: s.first.landmark_pixels() for s in systems}
    if points is None or any(e is None for e in errors.values()):
        return None
    if not np.isfinite(points).any():
        return None
    names = systems[0].first.tested.names
    worst = '; '.join(
        f'{name}: largest at {names[int(np.nanargmax(e))]}, {np.nanmax(e):.2f}'
        for name, e in errors.items()
    )
    return drawing(
        plot_landmark_errors(points, errors),
        'Mean error of each landmark as a circle on the mean face. '
        f'{worst} input px.',
    )


def _sites(systems: Sequence[System]) -> Table:
    report = systems[0].reports[0]
    digits = _digits(report)
    table = Table(
        f'ME at each site in {report["unit_label"]}, with 95 % intervals'
        + _behind(systems),
        ['site', 'images', 'subjects', *(s.name for s in systems)],
    )
    for site, entry in report['per_site'].items():
        cells = [
            metric_cell(
                'ME',
                [
                    r['per_site'].get(site, {'metrics': {'ME': _NONE}})[
                        'metrics'
                    ]['ME']
                    for r in system.reports
                ],
                digits,
            )
            for system in systems
        ]
        counts = [str(entry[k]) for k in ('num_images', 'num_subjects')]
        table.rows.append([site, *counts, *cells])
    return table


_NONE = {'value': None}
