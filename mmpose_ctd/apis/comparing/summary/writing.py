"""Writes what a comparison found: pages, figures and numbers."""

import os
from collections.abc import Sequence
from pathlib import Path

from mmpose_ctd.apis.reporting.anonymity import Anonymity
from mmpose_ctd.apis.reporting.tables import Table
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional.checks import checked_threshold

from ..run_record import RunRecord
from .budget_section import budget_section
from .cost_section import cost_section, dates, missing_runs, origin_warnings
from .grouping import Comparison, arrange
from .held_out_section import held_out_section
from .landmark_section import landmark_section, site_section
from .learning_section import learning_section
from .markdown import markdown
from .method_section import method_section
from .numbers_file import numbers_csv
from .page import render_page
from .parts import Fold, Plot, Section
from .search_section import search_section, searches_of
from .variant_section import variant_section

__all__ = ['write_comparison']


def write_comparison(
    records: Sequence[RunRecord],
    out: str | Path,
    *,
    baseline: str,
    title: str,
    threshold: float = 5.0,
    systems: Sequence[str] = (),
    searches: Sequence[dict] = (),
    notes: Sequence[str] = (),
    studies: Sequence[str] = (),
) -> list[Path]:
    """Write tables and figures of a plan's runs.

    ``results.md`` links to the figures beside it, ``results.html`` has them
    inside, ``summary.csv`` has the numbers. The same records give the same
    bytes. What is missing is told on the pages and compared with nothing.

    Args:
        records (Sequence[RunRecord]): All runs, in any order.
        out (str or Path): Folder; is made. Files of these names are replaced.
        baseline (str): The system that the others are compared with.
        title (str): Heading.
        threshold (float): tau of AUC and FR in pixels. Defaults to 5.
        systems (Sequence[str]): Order of the systems; those not named
            follow.
        searches (Sequence[dict]): What was tried on validation subjects, see
            :func:`.search_section`. Defaults to what the records of role
            ``'trial'`` tell.
        notes (Sequence[str]): Paragraphs for the top of the page.
        studies (Sequence[str]): Order of the studies; those not named follow,
            the one with the most systems first.

    Returns:
        list[Path]: The files, pages first.

    Raises:
        InputError: If there is no final run, or none of a sensible form.
    """
    threshold = checked_threshold(threshold)
    comparison = arrange(records, baseline, systems, studies)
    if not comparison.used:
        told = f' {comparison.warnings[0]}' if comparison.warnings else ''
        raise InputError(
            f'no final run to report among {len(records)} records.{told} '
            'Run the plan first.'
        )
    sections = _sections(comparison, threshold, searches)
    clean = Anonymity(()).clean
    for section in sections:
        _clean(section.parts, clean)
        section.title = clean(section.title)
    warnings = [clean(text) for text in _warnings(comparison, baseline)]
    notes = [clean(text) for text in notes]
    title = clean(title)
    count = len(comparison.used)
    by = (
        f'{count} run{"s" if count != 1 else ""} of '
        f'{dates(comparison.used)}, baseline {baseline}'
    )
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise InputError(f'{out}: expected a folder for the report.')
    out.mkdir(parents=True, exist_ok=True)
    plots = _unique(sections)
    texts = {
        'results.md': markdown(title, by, sections, warnings, notes),
        'results.html': render_page(title, by, sections, warnings, notes),
        'summary.csv': numbers_csv(comparison.arms, baseline, threshold),
    }
    written = []
    # The figures first: a page never links to what is not there yet.
    for plot in plots:
        written.append(
            _replace(
                out / f'{plot.name}.png',
                lambda aside, plot=plot: plot.figure.savefig(
                    aside, format='png', dpi=160, metadata={'Software': None}
                ),
            )
        )
    pages = [
        _replace(
            out / name,
            lambda aside, text=text: aside.write_text(text, encoding='utf-8'),
        )
        for name, text in texts.items()
    ]
    return pages + written


def _sections(
    comparison: Comparison, threshold: float, searches: Sequence[dict]
) -> list[Section]:
    arms, baseline = comparison.arms, comparison.baseline
    sections: list[Section | None] = []
    for study in dict.fromkeys(arm.study for arm in arms):
        ours = [arm for arm in arms if arm.study == study]
        for arm in ours:
            if not arm.held_out and arm.is_plain:
                sections += [
                    learning_section(arm, baseline),
                    budget_section(arm, baseline, threshold),
                    site_section(arm, baseline),
                    landmark_section(arm, baseline),
                ]
        apart = [arm for arm in ours if arm.held_out and arm.is_plain]
        if apart:
            sections.append(held_out_section(apart, baseline, threshold))
        for arm in ours:
            alike = [
                a
                for a in arms
                if a is not arm
                and (a.test_set, a.held_out) == (arm.test_set, arm.held_out)
            ]
            sections.append(variant_section(arm, baseline, alike))
    sections.append(search_section(searches or searches_of(comparison.trials)))
    sections.append(cost_section(comparison))
    subjects = min(
        cell.num_subjects for arm in arms for cell in arm.cells.values()
    )
    sections.append(method_section(baseline, threshold, subjects))
    return [section for section in sections if section is not None]


def _warnings(comparison: Comparison, baseline: str) -> list[str]:
    told = list(comparison.warnings)
    told += origin_warnings(comparison.used)
    if not any(run.system == baseline for run in comparison.used):
        told.append(
            f'There is no run of {baseline}, the baseline: nothing is '
            'compared.'
        )
    for arm in comparison.arms:
        told += missing_runs(arm)
    return told


def _clean(parts: list, clean) -> None:
    """Take folders out of all texts, in place."""
    for i, part in enumerate(parts):
        if isinstance(part, str):
            parts[i] = clean(part)
        elif isinstance(part, Fold):
            part.title = clean(part.title)
            _clean(part.parts, clean)
        elif isinstance(part, Plot):
            part.caption, part.alt = clean(part.caption), clean(part.alt)
        elif isinstance(part, Table):
            part.caption = clean(part.caption)
            part.headings = [clean(cell) for cell in part.headings]
            part.rows = [[clean(cell) for cell in r] for r in part.rows]


def _unique(sections: Sequence[Section]) -> list[Plot]:
    """All figures, with names and anchors of which none is there twice."""
    plots = []
    seen: dict = {}
    for section in sections:
        section.key = _numbered(section.key, seen)
        for part in section.parts:
            if isinstance(part, Plot):
                part.name = _numbered(part.name, seen)
                plots.append(part)
    return plots


def _numbered(name: str, seen: dict) -> str:
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f'{name}_{seen[name]}'


def _replace(file: Path, write) -> Path:
    aside = Path(f'{file}.{os.getpid()}.tmp')
    try:
        write(aside)
        os.replace(aside, file)
    finally:
        aside.unlink(missing_ok=True)
    return file
