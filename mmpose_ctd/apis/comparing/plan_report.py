"""The report of a plan: its finished runs, and what is missing."""

from collections.abc import Mapping
from pathlib import Path

from .jobs import JobList, Test
from .plan import Plan
from .results_table import ResultsTable

__all__ = ['write_report']


def write_report(
    plan: Plan, jobs: JobList, table: ResultsTable, out: Path
) -> list[Path]:
    """Write tables and figures of the finished runs.

    Args:
        plan (Plan): The plan.
        jobs (JobList): Its jobs.
        table (ResultsTable): Their results.
        out (Path): Folder of the report.

    Returns:
        list[Path]: The files.
    """
    from .report import compare_report

    errors = table.errors()
    chosen = jobs.chosen(errors)
    finals = list(jobs.finals(chosen))
    trials = [test for _, _, tests in jobs.trials() for test in tests]
    records = [*map(vars, table.records([*trials, *finals]))]
    expected = list(
        jobs.finals({name: chosen.get(name, {}) for name in plan.systems})
    )
    notes = _missing(jobs, table, expected, errors)
    begun, empty = _begun(records, plan)
    if empty:
        notes.append(
            'Left out, as no run of its own is finished yet: '
            f'{", ".join(empty)}.'
        )
    return compare_report(
        begun,
        out,
        baseline=plan.baseline,
        title=plan.title,
        threshold=plan.threshold,
        systems=tuple(plan.systems),
        studies=tuple(plan.studies),
        searches=_searches(jobs, table, chosen),
        notes=notes,
    )


def _missing(
    jobs: JobList, table: ResultsTable, expected: list[Test], errors: Mapping
) -> list[str]:
    """The runs that are not done, as paragraphs."""
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


def _begun(records: list[dict], plan: Plan) -> tuple[list[dict], list[str]]:
    """Records of studies that have one with a variation they are about."""
    empty = [
        name
        for name, study in plan.studies.items()
        if any(variant.name for variant in study.variants)
        and not any(r['variant'] for r in records if r['study'] == name)
    ]
    return [r for r in records if r['study'] not in empty], empty


def _searches(jobs: JobList, table: ResultsTable, chosen: dict) -> list[dict]:
    """A system's trials and the choice; only complete searches."""
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
