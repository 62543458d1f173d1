"""The report of a plan: what its results say."""

from collections.abc import Mapping
from pathlib import Path

from .jobs import JobList, Test
from .plan import Plan
from .results_table import ResultsTable
from .run_record import RunRecord

__all__ = ['write_report']


def write_report(
    plan: Plan, jobs: JobList, table: ResultsTable, out: Path
) -> list[Path]:
    """Write tables and figures of what is done; the rest may follow.

    Args:
        plan (Plan): The plan.
        jobs (JobList): Its jobs.
        table (ResultsTable): Their results.
        out (Path): Folder of the report.

    Returns:
        list[Path]: What was written.
    """
    from .summary import write_comparison

    errors = table.errors()
    chosen = jobs.chosen(errors)
    finals = list(jobs.finals(chosen))
    trials = [test for _, _, tests in jobs.trials() for test in tests]
    records = [*table.records(trials), *table.records(finals)]
    expected = list(
        jobs.finals({name: chosen.get(name, {}) for name in plan.systems})
    )
    notes = _missing(jobs, table, expected, errors)
    begun, empty = _begun(records, plan)
    if empty:
        notes.append(
            'Nothing of these studies but what others have, too, is done yet; '
            f'they are left out: {", ".join(empty)}.'
        )
    return write_comparison(
        begun,
        out,
        baseline=plan.baseline,
        title=plan.title,
        threshold=plan.threshold,
        systems=tuple(plan.systems),
        studies=tuple(plan.studies),
        searches=_searches(plan, jobs, table, chosen),
        notes=notes,
    )


def _missing(
    jobs: JobList, table: ResultsTable, expected: list[Test], errors: Mapping
) -> list[str]:
    """What is not done, by name: nothing drops out of the report unsaid."""
    left = [test for test in expected if test.key not in errors]
    if not left:
        return []
    total = len({test.key for test in expected})
    notes = [
        f"{len({t.key for t in left})} of the plan's {total} runs are not "
        'done yet.'
    ]
    # A system without any run stands in no table.
    seen = {t.cell.system for t in expected if t.key in errors}
    unseen = {t.cell.system: None for t in left if t.cell.system not in seen}
    if unseen:
        notes.append(f'Nothing is done yet of {", ".join(unseen)}.')
    failures = table.failed()
    failed: dict[str, str] = {}
    for job in jobs.jobs(left):
        if job.key in failures:
            failed.setdefault(job.cell.system, failures[job.key])
    notes += [
        f'{system}: a run failed ({told}); it is tried again by the next '
        'start.'
        for system, told in failed.items()
    ]
    return notes


def _begun(
    records: list[RunRecord], plan: Plan
) -> tuple[list[RunRecord], list[str]]:
    """Records of studies that have one with what the study varies."""
    empty = [
        name
        for name, study in plan.studies.items()
        if any(variant.name for variant in study.variants)
        and not any(r.variant for r in records if r.study == name)
    ]
    return [r for r in records if r.study not in empty], empty


def _searches(
    plan: Plan, jobs: JobList, table: ResultsTable, chosen: dict
) -> list[dict]:
    """A system's trials and what was chosen; only complete searches."""
    found: dict[str, dict] = {}
    for system, settings, tests in jobs.trials():
        records = list(table.records(tests))
        if len(records) < len(tests) or system not in chosen:
            continue
        entry = found.setdefault(
            system,
            dict(system=system, trials=[], chosen=chosen[system]),
        )
        errors = [record.mean_error for record in records]
        entry['trials'].append(
            dict(
                options=settings,
                mean_error=sum(errors) / len(errors),
                seconds=sum(record.seconds for record in records),
            )
        )
    return list(found.values())
