"""Writes a page about trained systems."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mmpose_ctd.apis.annotators import read_annotators
from mmpose_ctd.apis.error_tables import check_alike
from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole
from mmpose_ctd.people_overlap import split_overlap
from mmpose_ctd.version import __version__

from .annotators import annotator_section
from .errors import error_section, measure_sections
from .faces import face_section
from .page_parts import Anonymity, template
from .system import ReportedRun, ReportedSystem, read_run
from .training import settings_section, training_section

#: With fewer subjects, percentile intervals are noticeably too narrow.
_FEW = 30
#: What building a wrong config raises: an unknown type or key.
_BAD_CONFIG = (KeyError, TypeError, ImportError, AttributeError)


def report(
    work_dirs: Mapping[str, Sequence[str | Path]],
    out: str | Path = 'report.html',
    *,
    photographs: bool = False,
    title: str = 'Landmark detection report',
    options: dict | None = None,
    annotators: str | Path | None = None,
    say=print,
) -> list[str]:
    """Test trained systems and write one HTML page about them.

    Work dirs that cannot be used are left out; the others are reported.

    Args:
        work_dirs (Mapping[str, Sequence[str | Path]]): Name of a system ->
            its work dirs, one for each seed. The other systems are compared
            with the first one.
        out (str or Path): The page, an ``.html`` file. Defaults to
            ``'report.html'``.
        photographs (bool): Whether to show people. Defaults to False.
        title (str): Heading of the page.
        options (dict, optional): Overrides of all configs, dotted keys.
        annotators (str or Path, optional): File of ``mmpose_ctd annotators
            --out``: differences of two annotators, shown next to the errors.
        say (Callable): Called with each message. Defaults to ``print``.

    Returns:
        list[str]: A line for each work dir that was left out, with the
        reason.

    Raises:
        InputError: If no work dir can be reported, or ``out`` is not an
            ``.html`` file.

    Examples:
        >>> from mmpose_ctd.apis import report
        >>> report(
        ...     {
        ...         'FT': ['work_dirs/ft_0', 'work_dirs/ft_1'],
        ...         'CTD-ED': ['work_dirs/ed_0', 'work_dirs/ed_1'],
        ...     },
        ...     'seeds.html',
        ... )  # doctest: +SKIP
        []
    """
    out = Path(out)
    if out.suffix.lower() not in ('.html', '.htm'):
        raise InputError(
            where=f'--out {out}', expected='a name that ends in .html'
        )
    # If these fail, they fail before the tests.
    two = None if annotators is None else read_annotators(annotators)
    out.parent.mkdir(parents=True, exist_ok=True)
    systems, failed = [], []
    for name, folders in work_dirs.items():
        system = ReportedSystem(name)
        for folder in folders:
            try:
                run = read_run(folder, options, say)
                if system.runs:
                    alike = {str(folder): [run.report]}
                    check_alike(alike, system.first.report)
                system.runs.append(run)
            except (InputError, OSError) as error:
                failed.append(_line(folder, str(error)))
            except _BAD_CONFIG as error:
                reason = error.args[0] if error.args else error
                failed.append(
                    _line(folder, f'{type(error).__name__}: {reason}')
                )
        if system.runs:
            systems.append(system)
    if not systems:
        raise InputError(
            failed[0]
            if len(failed) == 1
            else 'no work dir can be reported: ' + ' | '.join(failed)
        )
    for system in systems[1:]:
        try:
            check_alike({system.name: system.reports}, systems[0].first.report)
        except InputError as error:
            system.odd = str(error)
    page = _page(systems, title, photographs, len(failed), two)
    write_whole(out, page.encode())
    return failed


def _line(folder: str | Path, text: str) -> str:
    text = ' '.join(text.split())
    return text if text.startswith(str(folder)) else f'{folder}: {text}'


def _page(
    systems: Sequence[ReportedSystem],
    title: str,
    photographs: bool,
    num_failed: int,
    two_annotators: dict | None = None,
) -> str:
    anonymity = Anonymity(
        name
        for system in systems
        for run in system.runs
        for data in run.data.values()
        if data is not None
        for name in (*data.subjects, *data.files)
    )
    for number, system in enumerate(systems, start=1):
        system.name = anonymity.clean(system.name)
        # Cleaned names may be equal.
        if system.name in {other.name for other in systems[: number - 1]}:
            system.name += f' ({number})'
    return template('report.html').render(
        title=anonymity.clean(title),
        date=datetime.date.today().isoformat(),
        version=__version__,
        clean=anonymity.clean,
        systems=systems,
        errors=error_section(systems),
        annotators=annotator_section(systems, two_annotators),
        measures=measure_sections(systems),
        faces=face_section(systems, photographs),
        training=training_section(systems),
        settings=settings_section(systems, anonymity),
        limits=_limits_of(systems),
        num_failed=num_failed,
    )


def _limits_of(systems: Sequence[ReportedSystem]) -> dict:
    """What the numbers do not say; ``limits.html`` has the sentences.

    Lists hold ``(names of systems, fact)``; ``once``: names of systems with
    one seed.
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
