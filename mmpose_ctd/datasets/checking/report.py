"""Runs the checks, and says what they found as data or as a table."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from mmpose_ctd.errors import InputError

from . import checks  # noqa: F401
from .finding import Finding, Severity
from .registry import CHECKS
from .survey import Survey
from .thresholds import Thresholds

__all__ = ['CheckReport', 'findings_table', 'run_checks']

_STYLES = {
    Severity.ERROR: 'bold red',
    Severity.WARNING: 'yellow',
    Severity.NOTE: 'dim',
}
# Images that a line of the table names at most.
_SHOWN = 8


@dataclass(frozen=True)
class CheckReport:
    """All findings about a set.

    Attributes:
        survey (Survey): The set.
        findings (list[Finding]): Worst first, then in the checks' order.
        ran (list[str]): The checks' names.
    """

    survey: Survey
    findings: list[Finding]
    ran: list[str]

    def count(self, severity: Severity) -> int:
        """How many findings are of this severity."""
        return sum(f.severity is severity for f in self.findings)

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not self.count(Severity.ERROR)

    def summary(self) -> str:
        """One line of numbers."""
        counts = [
            f'{n} {s}{"" if n == 1 else "s"}'
            for s in reversed(Severity)
            if (n := self.count(s))
        ]
        survey = self.survey
        return (
            f'{len(survey.photos)} images, {len(survey.labelled)} labelled, '
            f'{len({p.subject for p in survey.photos} - {""})} subjects, '
            f'{len(survey.names)} landmarks: '
            + (', '.join(counts) or 'nothing found')
        )

    def as_json(self, show_ids: bool = False) -> dict:
        """The findings as plain data.

        Args:
            show_ids (bool): Whether subject ids and file names are in it.
        """
        findings = []
        for f in self.findings:
            entry = dict(
                check=f.check,
                severity=str(f.severity),
                message=f.message,
                images=[self.survey.photos[p].number for p in f.photos],
                landmarks=list(f.landmarks),
                score=f.score,
                expected={k: list(v) for k, v in f.expected.items()},
            )
            if show_ids:
                photos = [self.survey.photos[p] for p in f.photos]
                entry['files'] = [photo.file_name for photo in photos]
                entry['subjects'] = [photo.subject for photo in photos]
                entry['names'] = list(f.names)
            findings.append(entry)
        return dict(
            summary=self.summary(),
            ok=self.ok,
            checks=self.ran,
            findings=findings,
        )


def run_checks(
    survey: Survey,
    thresholds: Thresholds | None = None,
    ignore: Collection[str] = (),
) -> CheckReport:
    """Run all checks but some.

    Args:
        survey (Survey): The set.
        thresholds (Thresholds, optional): Defaults to the documented ones.
        ignore (Collection[str]): Names of checks to leave out.

    Raises:
        InputError: If there is no check of such a name.
    """
    unknown = [name for name in ignore if name not in CHECKS]
    if unknown:
        raise InputError(
            f'--ignore {unknown[0]}: there is no such check; they are '
            f'{", ".join(CHECKS)}.'
        )
    thresholds = thresholds or Thresholds()
    ran = [name for name in CHECKS if name not in ignore]
    findings = [
        replace(finding, check=name)
        for name in ran
        for finding in CHECKS[name].find(survey, thresholds)
    ]
    findings.sort(key=lambda f: -f.severity)
    return CheckReport(survey, findings, ran)


def named(
    survey: Survey, finding: Finding, show_ids: bool, limit: int = _SHOWN
) -> str:
    """The images of a finding, by number or by name."""
    photos = [survey.photos[place] for place in finding.photos]
    shown = [
        photo.file_name if show_ids and photo.file_name else photo.number
        for photo in photos[:limit]
    ]
    text = ', '.join(shown)
    if len(photos) > limit:
        text += f' ... ({len(photos)})'
    return text


def findings_table(report: CheckReport, show_ids: bool = False) -> Table:
    """The findings, worst first.

    Args:
        report (CheckReport): What was found.
        show_ids (bool): Whether to name subjects and files. Defaults to
            False: images are named by their record's id.
    """
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column('severity')
    table.add_column('check')
    table.add_column('image')
    table.add_column('what was found', ratio=1)
    for finding in report.findings:
        text = finding.message + '.'
        if show_ids and finding.names:
            text += f' [{", ".join(finding.names[:_SHOWN])}'
            more = len(finding.names) > _SHOWN
            text += f' ... ({len(finding.names)})]' if more else ']'
        table.add_row(
            str(finding.severity),
            finding.check,
            escape(named(report.survey, finding, show_ids)),
            escape(text),
            style=_STYLES[finding.severity],
        )
    return table


def counts_by_check(report: CheckReport) -> dict[str, Counter]:
    """Check -> how many findings of each severity."""
    found = {name: Counter() for name in report.ran}
    for finding in report.findings:
        found[finding.check][finding.severity] += 1
    return found
