"""What the numbers of a report do not say."""

from collections.abc import Callable, Sequence

from mmpose_ctd.people_overlap import split_overlap

from .system import ReportedRun, ReportedSystem

#: With fewer subjects, percentile intervals are noticeably too narrow.
_FEW = 30


def limits_of(systems: Sequence[ReportedSystem]) -> dict:
    """Facts about these systems; ``limits.html`` has the sentences.

    Args:
        systems (Sequence[ReportedSystem]): All systems of the report.

    Returns:
        dict: Lists of ``(names of systems, fact)``; ``once``: names of the
        systems with one seed; and counts.
    """
    first = systems[0].first
    people = first.report['num_subjects']
    training, test = (first.data.get(k) for k in ('training', 'test'))
    sites = test.sites if training and test else set()
    return dict(
        overlaps=_grouped(systems, lambda run: split_overlap(run.run.cfg)),
        chosen_by_test=_grouped(systems, _chosen_by_test),
        people=_grouped(systems, _people),
        once=[system.name for system in systems if len(system.runs) == 1],
        num_systems=len(systems),
        no_subjects=people is None,
        few_subjects=people if people is not None and people < _FEW else 0,
        no_failures=_grouped(systems, _compatible_rate),
        ignored=_grouped(systems, lambda run: run.report['num_ignored']),
        restarted=_grouped(systems, lambda run: run.log.num_restarts > 0),
        num_sites=len(sites),
        num_new_sites=len(sites - training.sites) if sites else 0,
    )


def _grouped(
    systems: Sequence[ReportedSystem], fact: Callable[[ReportedRun], object]
) -> list[tuple[str, object]]:
    """Systems with the same fact; those without one are left out."""
    names: dict = {}
    for system in systems:
        for run in system.runs:
            names.setdefault(fact(run), []).append(system.name)
    return [
        (', '.join(dict.fromkeys(who)), found)
        for found, who in names.items()
        if found
    ]


def _chosen_by_test(run: ReportedRun) -> tuple | None:
    """Test subjects who validate, all of them, and what chose."""
    test, validation = (run.data.get(k) for k in ('test', 'validation'))
    if test is None or validation is None or split_overlap(run.run.cfg):
        return None
    both = len(test.subjects & validation.subjects)
    return (both, len(test.subjects), run.run.chosen_by) if both else None


def _people(run: ReportedRun) -> str:
    """Warnings from the people that the checkpoint remembers."""
    return '' if split_overlap(run.run.cfg) else ' '.join(run.people)


def _compatible_rate(run: ReportedRun) -> tuple | None:
    """Faces, and the failure rate in % that no failure is compatible with.

    A bootstrap of zeros has no width; the rule of three: 3 / n.
    """
    report = run.report
    never = any(
        name.startswith('FR') and entry['value'] == 0
        for name, entry in report['metrics'].items()
    )
    if not never or report['per'] != 'image':
        return None
    number = report['num_subjects'] or report['num_images']
    return number, 300 / number
