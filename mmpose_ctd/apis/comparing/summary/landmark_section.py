"""Error of each landmark, and at each site."""

import numpy as np

from mmpose_ctd.apis.reporting.tables import Table, interval, number
from mmpose_ctd.evaluation.functional import bootstrap_interval

from .cell import Cell, spread
from .grouping import Arm
from .pairing import Pair
from .parts import Fold, Section, difference_cell, me_cell, slug

__all__ = ['landmark_section', 'site_section', 'site_values']

#: The tables hold hundreds of intervals; their ends have two digits.
_RESAMPLES = 1000


def landmark_section(arm: Arm, baseline: str) -> Section | None:
    """A table a budget: rows are landmarks, columns systems."""
    section = Section(
        slug('landmarks', *arm.key),
        f'Landmarks: {arm.title}',
        [
            'Mean error of each landmark in pixels; below, the difference '
            f'to {baseline} with the same seeds and its 95 % bootstrap '
            'interval over subjects. The many intervals are not corrected '
            'for their number: of 20 without any effect, one excludes 0. '
            'They show where a system gains, not whether it does.'
        ],
    )
    for budget in arm.budgets:
        cells = arm.plain(budget)
        if not cells:
            continue
        base = arm.get(baseline, budget)
        table = Table(
            f'{budget} labelled images: mean error of each landmark',
            ['landmark', *(cell.name for cell in cells)],
        )
        pairs = [Pair.of(cell, base) for cell in cells]
        for k, name in enumerate(arm.landmarks):
            row = [
                _landmark(cell, pair, k) for cell, pair in zip(cells, pairs)
            ]
            table.rows.append([name, *row])
        section.add(Fold(table.caption, [table]))
    return section if len(section.parts) > 1 else None


def _landmark(cell: Cell, pair: Pair | None, k: int) -> str:
    errors = cell.landmark_errors(k)
    if np.isnan(errors).all():
        return '–'
    told = number(float(np.nanmean(errors)), 2)
    if pair is None:
        return told
    ours = errors[cell.of(pair.seeds)]
    base = pair.base.landmark_errors(k)[pair.base.of(pair.seeds)]
    change = (ours - base).mean(axis=0)
    ends = bootstrap_interval(change, cell.subjects, num_resamples=_RESAMPLES)
    told += f'\n{number(float(np.nanmean(change)), 2, sign=True)}'
    return f'{told}\n{interval(*ends, 2, sign=True)}'.rstrip()


def site_section(arm: Arm, baseline: str) -> Section | None:
    """A table a budget: rows are systems, columns sites."""
    first = next(iter(arm.cells.values()))
    sites = sorted(set(first.sites.tolist()))
    if len(sites) < 2:
        return None
    section = Section(
        slug('sites', *arm.key),
        f'Sites: {arm.title}',
    )
    for budget in arm.budgets:
        cells = arm.plain(budget)
        if not cells:
            continue
        base = arm.get(baseline, budget)
        headings = ['system']
        for site in sites:
            people = len(set(first.subjects[first.sites == site].tolist()))
            told = f'{site or "unknown"} ({people})'
            headings.append(f'{told}\nME ± SD')
            if base is not None:
                headings.append(f'{told}\nless {baseline}')
        table = Table(
            f'{budget} labelled images: ME at each site (number of its test '
            'subjects) in pixels, with 95 % bootstrap intervals over subjects',
            headings,
        )
        for cell in cells:
            pair = Pair.of(cell, base)
            row = [cell.name]
            for site in sites:
                row += _site(cell, pair, site)[: 1 + (base is not None)]
            table.rows.append(row)
        section.add(table)
    return section if section.parts else None


def site_values(cell: Cell, site: str) -> np.ndarray:
    """ME at a site of each seed, (S,); NaN where nothing was visible."""
    errors = cell.image_errors[:, cell.sites == site]
    if np.isnan(errors).all():
        return np.full(len(cell.seeds), np.nan)
    return np.nanmean(errors, axis=1)


def _site(cell: Cell, pair: Pair | None, site: str) -> list[str]:
    here = cell.sites == site
    values = site_values(cell, site)
    if np.isnan(values).all():
        return ['–', '–']
    errors = cell.image_errors[:, here].mean(axis=0)
    ends = bootstrap_interval(
        errors, cell.subjects[here], num_resamples=_RESAMPLES
    )
    told = [me_cell(float(values.mean()), spread(values), ends)]
    if pair is None:
        return [*told, '']
    change = pair.by_image[here]
    ends = bootstrap_interval(
        change, cell.subjects[here], num_resamples=_RESAMPLES
    )
    return [*told, difference_cell(float(np.nanmean(change)), ends)]
