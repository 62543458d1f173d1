"""The report of a comparison: pages, figures and a table of numbers."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mmpose_ctd.apis.error_tables import Table, markdown_table
from mmpose_ctd.apis.reporting.page_parts import (
    Anonymity,
    drawing,
    png_of,
    template,
)
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import checked_threshold
from mmpose_ctd.files import write_whole
from mmpose_ctd.table_cells import safe_cell
from mmpose_ctd.version import __version__

from .arms import StudyArm, arms_of, pooled, summary_rows
from .error_sections import (
    budget_section,
    held_out_section,
    landmark_section,
    site_section,
    variant_section,
)
from .label_sections import learning_section
from .report_tables import Plot, Section, slug
from .results_frame import results_frame, usable
from .run_sections import (
    cost_section,
    dates,
    method_section,
    missing_runs,
    origin_warnings,
    search_section,
)

if TYPE_CHECKING:
    from .engine import PlanWork

# What Markdown or HTML would take for markup.
_MARKUP = re.compile(r'([\\|*`]|<(?=[A-Za-z/!]))')


# ------------------------------------------------------------------- a plan


def report_plan(work: 'PlanWork', out: str | Path) -> list[Path]:
    """Report what is done of a whole plan; the rest may follow.

    Returns the files. Raises an InputError if no final run is done.
    """
    plan = work.plan
    records = [
        record
        for record in work.records()
        # The others wait for the search.
        if record['system'] in work.chosen
    ]
    varied = {record['study'] for record in records if record['variant']}
    empty = [
        name
        for name, study in plan.studies.items()
        if any(variant for variant, _ in study.all_variants)
        and name not in varied
    ]
    notes = _missing(work)
    if empty:
        notes.append(
            'Nothing of these studies is done yet but what others have, too; '
            f'they are left out: {", ".join(empty)}.'
        )
    return compare_report(
        [record for record in records if record['study'] not in empty],
        out,
        baseline=plan.baseline,
        title=plan.title,
        threshold=plan.threshold,
        systems=tuple(plan.systems),
        studies=tuple(plan.studies),
        notes=notes,
    )


def _missing(work: 'PlanWork') -> list[str]:
    """What is not done, by name."""
    systems: dict[str, str] = {}
    done: set[str] = set()
    for cell, run, metrics in work.cells():
        if cell.role == 'final':
            systems[run.key] = cell.system
            if metrics is not None and cell.system in work.chosen:
                done.add(run.key)
    left = {key: name for key, name in systems.items() if key not in done}
    if not left:
        return []
    notes = [
        f"{len(left)} of the plan's {len(systems)} runs are not done yet."
    ]
    seen = {systems[key] for key in done}
    unseen = [n for n in work.plan.systems if n in {*left.values()} - seen]
    if unseen:
        # A system without any run stands in no table.
        notes.append(f'Nothing is done yet of {", ".join(unseen)}.')
    failed = dict.fromkeys(
        run.cell.system for run in work.left() if work.runs.why_failed(run)
    )
    notes += [
        f'{system}: a run failed (see its log); the next start tries it again.'
        for system in failed
    ]
    return notes


# ------------------------------------------------------------------ records


def compare_report(
    records: Iterable[Mapping],
    out: str | Path,
    *,
    baseline: str,
    title: str = 'Comparison',
    threshold: float = 5.0,
    systems: Sequence[str] = (),
    studies: Sequence[str] = (),
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
        search_section(trials),
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
    rows = pd.DataFrame(summary_rows(arms, baseline, threshold))
    rows = rows.replace([np.inf, -np.inf], np.nan).map(safe_cell)
    pages = {
        'results.md': _markdown(values),
        'results.html': template('comparison.html').render(
            **values,
            version=__version__,
            drawing=lambda p: drawing(p.figure, p.alt, p.num_points),
        ),
        'summary.csv': rows.to_csv(
            index=False, float_format='%.6g', lineterminator='\n'
        ),
    }
    figures = {f'{plot.name}.png': png_of(plot.figure) for plot in plots}
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
            together = pooled(apart)
            found.append(
                held_out_section(apart, together, baseline, threshold)
            )
        found += [variant_section(a, baseline, threshold, arms) for a in ours]
    return found


def _warnings(
    arms: Sequence[StudyArm], finals: Sequence[Mapping], baseline: str
) -> list[str]:
    warnings = [
        f'{arm.study}: records of {arm.of_sets[1]} different test sets. They '
        'stand in tables of their own and are never compared with each other.'
        for arm in arms
        if 1 < arm.of_sets[0] == arm.of_sets[1]
    ]
    warnings += origin_warnings(finals)
    if not any(run['system'] == baseline for run in finals):
        warnings.append(
            f'There is no run of {baseline}, the baseline: nothing is '
            'compared.'
        )
    return [*warnings, *(w for arm in arms for w in missing_runs(arm))]


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
                continue
            part.caption = clean(part.caption)
            if isinstance(part, Table):
                part.headings = [*map(clean, part.headings)]
                part.rows = [[*map(clean, row)] for row in part.rows]
            else:
                part.name, part.alt = unique(part.name), clean(part.alt)
                plots.append(part)
    return plots


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
