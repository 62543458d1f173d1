"""What of a plan is done: an overview, and what the report is made of."""

import datetime
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.table import Table

from .engine import PlanWork
from .plan import SEARCH
from .runs import PlanCell, PlanRun, mean_error

__all__ = ['overview', 'report_plan']


def report_plan(work: PlanWork, out: str | Path) -> list[Path]:
    """Write tables and figures of what is done; the rest may follow.

    Args:
        work (PlanWork): The whole plan.
        out (str or Path): Folder of the report.

    Returns:
        list[Path]: What was written.

    Raises:
        InputError: If no final run is done.
    """
    from .report import compare_report

    plan = work.plan
    begun, empty = _begun(list(_records(work)), work)
    notes = _missing(work)
    if empty:
        notes.append(
            'Nothing of these studies is done yet but what others have, too; '
            f'they are left out: {", ".join(empty)}.'
        )
    return compare_report(
        begun,
        out,
        baseline=plan.baseline,
        title=plan.title,
        threshold=plan.threshold,
        systems=tuple(plan.systems),
        studies=tuple(plan.studies),
        searches=_searches(work),
        notes=notes,
    )


def _records(work: PlanWork) -> Iterator[dict]:
    """Runs that are done, once for each study that asks for them."""
    for part in work.parts.values():
        for cell, run in part:
            metrics = work.runs.metrics_of(run)
            if metrics is not None and _is_known(work, cell):
                yield {**metrics, **_names(cell)}


def _is_known(work: PlanWork, cell: PlanCell) -> bool:
    """Whether a cell does not wait for the search."""
    return cell.role == 'trial' or cell.system in work.chosen


def _names(cell: PlanCell) -> dict:
    """As a study calls a run, which it may share with another."""
    keys = ('study', 'system', 'variant', 'budget', 'seed', 'held_out', 'role')
    return {key: getattr(cell, key) for key in keys}


def _missing(work: PlanWork) -> list[str]:
    """What is not done, by name: nothing is missing without a word."""
    finals = [
        (cell, run)
        for name, part in work.parts.items()
        if name != SEARCH
        for cell, run in part
    ]
    done = {
        run.key: cell.system
        for cell, run in finals
        if _is_known(work, cell) and work.runs.metrics_of(run) is not None
    }
    left = {run.key: cell for cell, run in finals if run.key not in done}
    if not left:
        return []
    total = len(left) + len(done)
    notes = [f"{len(left)} of the plan's {total} runs are not done yet."]
    unseen = {cell.system for cell in left.values()} - {*done.values()}
    if unseen:
        # A system without any run stands in no table.
        names = [name for name in work.plan.systems if name in unseen]
        notes.append(f'Nothing is done yet of {", ".join(names)}.')
    failed: dict[str, PlanRun] = {}
    for run in work.left():
        if work.runs.why_failed(run):
            failed.setdefault(run.cell.system, run)
    notes += [
        f'{system}: a run failed (see its log); the next start tries it again.'
        for system in failed
    ]
    return notes


def _begun(
    records: list[dict], work: PlanWork
) -> tuple[list[dict], list[str]]:
    """Records of studies that have one with what the study varies."""
    empty = [
        name
        for name, study in work.plan.studies.items()
        if any(study.all_variants)
        and not any(r['variant'] for r in records if r['study'] == name)
    ]
    return [r for r in records if r['study'] not in empty], empty


def _searches(work: PlanWork) -> list[dict]:
    """A system's trials and what was chosen; only complete searches."""
    found: dict[str, dict] = {}
    for system, settings, runs in work.runs.trials():
        if system not in work.chosen:
            continue
        entry = found.setdefault(
            system,
            dict(system=system, trials=[], chosen=work.chosen[system]),
        )
        metrics = [work.runs.metrics_of(run) for run in runs]
        errors = [mean_error(one) for one in metrics]
        entry['trials'].append(
            dict(
                options=settings,
                mean_error=sum(errors) / len(errors),
                seconds=sum(one['seconds'] for one in metrics),
            )
        )
    return list(found.values())


def overview(work: PlanWork, jobs: int) -> Table:
    """What a plan asks for, what is done, and how long the rest takes.

    Args:
        work (PlanWork): What is wanted.
        jobs (int): Runs at a time.
    """
    shown = Table(title=work.plan.title, title_justify='left')
    shown.add_column('part')
    for heading in ('results', 'done', 'runs left', 'time left'):
        shown.add_column(heading, justify='right')
    cost = _cost(work)
    # A run that two parts share is left in the first only.
    seen: set[str] = set()
    total = 0.0
    for name, part in work.parts.items():
        runs = {run.key: run for _, run in part}
        left = [
            run
            for key, run in runs.items()
            if key not in seen and work.runs.metrics_of(run) is None
        ]
        seen |= {*runs}
        costs = [cost(run) if cost else 0.0 for run in left]
        seconds = max(sum(costs) / jobs, max(costs, default=0.0))
        total += seconds
        done = sum(work.runs.metrics_of(run) is not None for _, run in part)
        counts = (len(part), done, len(left))
        shown.add_row(
            name,
            *map(str, counts),
            _time(seconds) if cost or not left else '?',
        )
    shown.caption = (
        f'{jobs} runs at a time: {_time(total)} left'
        if cost
        else f'{jobs} runs at a time; no run is finished, so the time is '
        'unknown'
    )
    return shown


def _cost(work: PlanWork) -> Callable[[PlanRun], float] | None:
    """Seconds of a run, by what such runs took; None if none is finished."""
    speeds: dict[tuple[str, int], list[float]] = {}
    rates = []
    for part in work.parts.values():
        for cell, run in part:
            metrics = work.runs.metrics_of(run)
            if metrics is not None:
                seconds = metrics['seconds'] + metrics['test_seconds']
                kind = cell.system, cell.steps
                speeds.setdefault(kind, []).append(seconds)
                rates.append(seconds / cell.steps)
    if not rates:
        return None
    rate = statistics.fmean(rates)
    means = {kind: statistics.fmean(times) for kind, times in speeds.items()}
    return lambda run: means.get(
        (run.cell.system, run.cell.steps), rate * run.cell.steps
    )


def _time(seconds: float) -> str:
    return str(datetime.timedelta(seconds=round(seconds)))
