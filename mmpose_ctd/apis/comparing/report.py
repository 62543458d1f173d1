"""The report of a comparison: pages, figures and a table of numbers."""

import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from mmpose_ctd.apis.error_tables import Table, markdown_table
from mmpose_ctd.apis.reporting.page_parts import Anonymity, drawing, template
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import checked_threshold
from mmpose_ctd.files import write_whole
from mmpose_ctd.table_cells import safe_cell
from mmpose_ctd.version import __version__

from .differences import (
    Difference,
    StudyArm,
    SystemErrors,
    arms_of,
    corrected,
    spread,
)
from .error_sections import (
    budget_section,
    held_out_section,
    landmark_section,
    site_section,
)
from .label_sections import learning_section
from .report_parts import Fold, Plot, Section, slug
from .results_frame import results_frame, usable
from .run_sections import (
    cost_section,
    dates,
    method_section,
    missing_runs,
    origin_warnings,
    search_section,
    searches_of,
)
from .variant_section import baseline_of, itself_of, variant_section

# What Markdown or HTML would take for markup.
_MARKUP = re.compile(r'([\\|*`]|<(?=[A-Za-z/!]))')


def compare_report(
    records: Iterable[Mapping],
    out: str | Path,
    *,
    baseline: str,
    title: str = 'Comparison',
    threshold: float = 5.0,
    systems: Sequence[str] = (),
    studies: Sequence[str] = (),
    searches: Sequence[Mapping] = (),
    notes: Sequence[str] = (),
) -> list[Path]:
    """Write tables and figures of finished runs.

    ``results.md`` links to the figures next to it, ``results.html`` has them
    inside, ``summary.csv`` has the numbers. Equal records give equal bytes,
    in any order. Records that cannot be compared are left out, with a
    warning on the page.

    Args:
        records (Iterable[Mapping]): Of all runs, see :mod:`.results_frame`.
        out (str or Path): Folder; made if it does not exist. Files of these
            names are replaced.
        baseline (str): The system that the others are compared with.
        title (str): Heading.
        threshold (float): tau of AUC and FR in pixels. Defaults to 5.
        systems (Sequence[str]): Order of the systems. Others follow, the
            baseline first, then by name.
        studies (Sequence[str]): Order of the studies. Others follow, those
            with the most systems first.
        searches (Sequence[Mapping]): Settings that were tried on validation
            subjects, see :func:`.search_section`. Defaults to those of the
            records of role ``'trial'``.
        notes (Sequence[str]): Paragraphs for the top of the page.

    Returns:
        list[Path]: The files, pages first.

    Raises:
        InputError: If no final run can be used, or ``out`` is a file.

    Examples:
        >>> compare_report(records, 'report', baseline='FT')  # doctest: +SKIP
        [PosixPath('report/results.md'), PosixPath('report/results.html'), ...
    """
    threshold = checked_threshold(threshold)
    records = list(records)
    finals, trials, warnings = usable(records)
    if not finals:
        raise InputError(
            where=f'report of {title or out}',
            found=' '.join(('no run is finished.', *warnings[:1])),
            cure='Run the plan first.',
        )
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise InputError(
            where=str(out), found='a file', expected='a folder for the report'
        )
    arms = arms_of(results_frame(finals), baseline, systems, studies)
    cells = [cell for arm in arms for cell in arm.cells.values()]
    fewest = min(cell.num_subjects for cell in cells)
    sections = [
        *_sections(arms, baseline, threshold),
        search_section(searches or searches_of(trials)),
        cost_section(finals, trials),
        method_section(baseline, threshold, fewest),
    ]
    sections = [section for section in sections if section]
    clean = Anonymity(()).clean
    plots = _finish(sections, clean)
    count = len(finals)
    warnings += _warnings(arms, finals, baseline)
    values = dict(
        title=clean(title),
        by=f'{count} run{"s" if count != 1 else ""} of {dates(finals)}, '
        f'baseline {baseline}',
        warnings=[*map(clean, warnings)],
        notes=[*map(clean, notes)],
        sections=sections,
    )
    pages = {
        'results.md': _markdown(values),
        'results.html': _html(values),
        'summary.csv': _csv(summary_rows(arms, baseline, threshold)),
    }
    figures = {f'{plot.name}.png': _png(plot) for plot in plots}
    out.mkdir(parents=True, exist_ok=True)
    # Figures first: a page never links to a figure that is not there yet.
    for name, content in figures.items():
        write_whole(out / name, content)
    for name, text in pages.items():
        write_whole(out / name, text.encode())
    return [out / name for name in (*pages, *figures)]


def _sections(
    arms: Sequence[StudyArm], baseline: str, threshold: float
) -> list[Section | None]:
    found: list[Section | None] = []
    for study in dict.fromkeys(arm.study for arm in arms):
        ours = [arm for arm in arms if arm.study == study]
        plain = [arm for arm in ours if arm.is_plain]
        for arm in (arm for arm in plain if not arm.held_out):
            found += [
                learning_section(arm, baseline),
                budget_section(arm, baseline, threshold),
                site_section(arm, baseline),
                landmark_section(arm, baseline),
            ]
        apart = [arm for arm in plain if arm.held_out]
        if apart:
            found.append(held_out_section(apart, baseline, threshold))
        for arm in ours:
            others = _of_the_same_faces(arm, arms)
            others = [one for one in others if one.held_out == arm.held_out]
            found.append(variant_section(arm, baseline, others))
    return found


def _of_the_same_faces(arm: StudyArm, arms: Sequence[StudyArm]) -> list:
    """Arms of other studies in which references are looked for."""
    others = (other for other in arms if other is not arm)
    return [other for other in others if other.test_set == arm.test_set]


def _warnings(
    arms: Sequence[StudyArm], finals: Sequence[Mapping], baseline: str
) -> list[str]:
    warnings = []
    for arm in arms:
        number, count = arm.of_sets
        if 1 < number == count:
            warnings.append(
                f'{arm.study}: records of {count} different test sets. They '
                'stand in tables of their own and are never compared with '
                'each other.'
            )
    warnings += origin_warnings(finals)
    if not any(run['system'] == baseline for run in finals):
        warnings.append(
            f'There is no run of {baseline}, the baseline: nothing is '
            'compared.'
        )
    return [
        *warnings,
        *(w for arm in arms for w in missing_runs(arm)),
    ]


def _finish(sections: Sequence[Section], clean) -> list[Plot]:
    """Remove absolute paths, and make names of figures and anchors unique.

    Returns all figures.
    """
    seen: Counter = Counter()

    def unique(name):
        seen[name] += 1
        return name if seen[name] == 1 else f'{name}_{seen[name]}'

    plots = []
    for section in sections:
        section.title = clean(section.title)
        section.key = unique(slug(*section.words))
        for i, part in enumerate(section.parts):
            if isinstance(part, str):
                section.parts[i] = clean(part)
            elif isinstance(part, Plot):
                part.name = unique(part.name)
                part.caption, part.alt = clean(part.caption), clean(part.alt)
                plots.append(part)
            elif isinstance(part, Fold):
                part.title = clean(part.title)
                _clean_table(part.table, clean)
            else:
                _clean_table(part, clean)
    return plots


def _clean_table(table: Table, clean) -> None:
    table.caption = clean(table.caption)
    table.headings = [*map(clean, table.headings)]
    table.rows = [[*map(clean, row)] for row in table.rows]


def _png(plot: Plot) -> bytes:
    content = io.BytesIO()
    plot.figure.savefig(
        content, format='png', dpi=160, metadata={'Software': None}
    )
    return content.getvalue()


def _html(values: dict) -> str:
    return template('comparison.html').render(
        **values,
        version=__version__,
        drawing=lambda p: drawing(p.figure, p.alt, p.num_points),
    )


def _markdown(values: dict) -> str:
    def text(words):
        return _MARKUP.sub(
            lambda m: '&lt;' if m[1] == '<' else f'\\{m[1]}', words
        )

    page = template('comparison.md').render(
        **values,
        text=text,
        table=lambda table: markdown_table(table, clean=text),
    )
    return re.sub(r'\n{3,}', '\n\n', page).strip() + '\n'


# ------------------------------------------------------------------- numbers


def summary_rows(
    arms: Sequence[StudyArm], baseline: str, threshold: float
) -> list[dict]:
    """The numbers of the tables, a row per study, system, variant and budget.

    Differences are to ``reference``: the baseline; for a variant the same
    system without the variation, else the baseline. NaN is unknown.
    """
    rows = []
    for arm in arms:
        others = _of_the_same_faces(arm, arms)

        def base_of(cell, arm=arm, others=others):
            if not cell.variant:
                return arm.get(baseline, cell.budget)
            own, _ = itself_of(cell, arm, others)
            return own or baseline_of(cell, arm, baseline, others)[0]

        # Systems and variants are two families of hypotheses.
        for budget, is_varied in product(arm.budgets, (False, True)):
            cells = [
                cell
                for cell in arm.cells.values()
                if cell.budget == budget and bool(cell.variant) == is_varied
            ]
            pairs = [cell.less(base_of(cell)) for cell in cells]
            rows += [
                {
                    'study': arm.study,
                    'held_out': arm.held_out,
                    'test_set': arm.test_set,
                    **_cell_numbers(cell, threshold),
                    **_pair_numbers(pair, p),
                }
                for cell, pair, p in zip(cells, pairs, corrected(pairs))
            ]
    return rows


def _cell_numbers(cell: SystemErrors, threshold: float) -> dict:
    low, high = cell.interval
    areas = cell.areas(threshold)
    limits = sorted({2.0, 3.0, float(threshold)})
    return {
        'system': cell.system,
        'variant': cell.variant,
        'budget': cell.budget,
        'seeds': ' '.join(map(str, cell.seeds)),
        'images': len(cell.subjects),
        'subjects': cell.num_subjects,
        'me': cell.mean_error,
        'me_sd': cell.deviation,
        'me_low': low,
        'me_high': high,
        f'auc_{threshold:g}': float(areas.mean()),
        f'auc_{threshold:g}_sd': spread(areas),
        **{f'fr_{t:g}': float(cell.failure_rates(t).mean()) for t in limits},
        'training_seconds': float(cell.runs.seconds.mean()),
        'steps': ' '.join(map(str, sorted({*cell.runs.steps}))),
    }


def _pair_numbers(pair: Difference | None, p_holm: float) -> dict:
    names = (
        *('difference', 'difference_relative'),
        *('difference_low_faces', 'difference_high_faces'),
        *('difference_low_faces_seeds', 'difference_high_faces_seeds'),
        *('p_sign_flip', 'p_sign_flip_holm', 'p_t', 'p_wilcoxon', 'd_z'),
        *('difference_low_faces_seeds_t', 'difference_high_faces_seeds_t'),
        'p_faces_seeds_t',
    )
    if pair is None:
        nothing = dict.fromkeys(names, float('nan'))
        return {**nothing, 'reference': '', 'shared_seeds': ''}
    random = pair.random_seeds
    numbers = (
        *(pair.mean, pair.relative, *pair.interval, *pair.crossed),
        *(pair.p_value, p_holm, pair.p_t, pair.p_wilcoxon, pair.effect_size),
        *(random.low, random.high, random.p_value),
    )
    return {
        **dict(zip(names, numbers, strict=True)),
        'reference': pair.base.name,
        'shared_seeds': ' '.join(map(str, pair.seeds)),
    }


def _csv(rows: Sequence[Mapping]) -> str:
    table = pd.DataFrame(rows).replace([np.inf, -np.inf], np.nan)
    return table.map(safe_cell).to_csv(
        index=False, float_format='%.6g', lineterminator='\n'
    )
