"""Runs the checks of a data set, and reports what they found."""

# ruff: noqa: I001

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from mmpose_ctd.errors import InputError, MissingFileError

from ..annotation_file import find_annotation_file
from .registry import CHECKS, CheckFinding, Severity, Thresholds
from .survey import Survey

# They register their checks, in this order.
from . import labels  # noqa: F401
from . import images  # noqa: F401
from . import people  # noqa: F401
from . import geometry  # noqa: F401

_STYLES = dict(error='bold red', warning='yellow', note='dim')
# Images and ids that a line of the table names at most.
_SHOWN = 8


@dataclass(frozen=True)
class CheckReport:
    """All findings about a data set.

    Attributes:
        survey (Survey): The set.
        findings (list[CheckFinding]): Worst first, then in the checks' order.
        ran (list[str]): Names of the checks that ran.
    """

    survey: Survey
    findings: list[CheckFinding]
    ran: list[str]

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return all(f.severity is not Severity.ERROR for f in self.findings)

    def summary(self) -> str:
        """One line of counts."""
        found = Counter(f.severity for f in self.findings)
        counts = [
            f'{found[s]} {s}{"s" * (found[s] > 1)}'
            for s in reversed(Severity)
            if found[s]
        ]
        survey = self.survey
        return (
            f'{len(survey.photos)} images, {len(survey.labelled)} labelled, '
            f'{len({p.subject for p in survey.photos} - {""})} subjects, '
            f'{len(survey.names)} landmarks: '
            + (', '.join(counts) or 'nothing found')
        )

    def image_names(
        self, finding: CheckFinding, show_ids: bool, limit: int = _SHOWN
    ) -> str:
        """The images of a finding, by number or by file name."""
        photos = [self.survey.photos[place] for place in finding.photos]
        more = f' ... ({len(photos)})' if len(photos) > limit else ''
        return ', '.join(p.shown(show_ids) for p in photos[:limit]) + more

    def as_json(self, show_ids: bool = False) -> dict:
        """The findings as plain data; subjects and files on request only."""
        findings = []
        for f in self.findings:
            photos = [self.survey.photos[place] for place in f.photos]
            entry = dict(
                check=f.check,
                severity=str(f.severity),
                message=f.message,
                images=[photo.number for photo in photos],
                landmarks=list(f.landmarks),
                score=f.score,
                expected={k: list(v) for k, v in f.expected.items()},
            )
            if show_ids:
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


def check(
    data_dir: str | PathLike,
    *,
    ann_file: str | None = None,
    img_dir: str = 'images',
    ignore: Collection[str] = (),
    teacher: str | None = None,
    on_file: Callable[[int, int], None] | None = None,
    **thresholds: float,
) -> CheckReport:
    """Look for problems that ruin a data set before anybody trains on it.

    All records and images are read; problems become findings. docs/check.md
    explains the checks.

    Args:
        data_dir (str | PathLike): Folder of the data set.
        ann_file (str, optional): Annotation file, relative to it. Defaults
            to the one that is there.
        img_dir (str): Folder of the images, relative to it. Defaults to
            ``'images'``.
        ignore (Collection[str]): Names of checks to leave out.
        teacher (str, optional): File of a face-recognition network, such as
            ``checkpoints/sface.pth``, to look for one person under two ids.
        on_file (Callable, optional): Called with the number of image files
            read and the number of all, for a progress bar.
        thresholds (float): Fields of :class:`.Thresholds`.

    Returns:
        CheckReport: Its ``findings`` have a check, a severity, a message, and
        positions of images and names of landmarks.

    Raises:
        MissingFileError: If the folder or a file is missing.
        InputError: If the annotation file is not a COCO keypoint file, a
            threshold is not a number above 0, or a check does not exist.

    Example:
        >>> from mmpose_ctd.apis import check
        >>> report = check('data/myset', ignore=['metadata'], outlier_z=5)
        >>> print(report.summary())
        24 images, 24 labelled, 24 subjects, 19 landmarks: 1 warning
        >>> for finding in report.findings:
        ...     print(finding.severity, finding.check, finding.message)
        warning outliers away from where the other points expect it: ...
    """
    root = Path(data_dir)
    if not root.is_dir():
        raise MissingFileError(
            where=str(root),
            found='no such folder',
            expected='the folder of a data set',
        )
    limits = Thresholds(**thresholds)
    for name in ignore:
        if name not in CHECKS:
            raise InputError(
                where='--ignore',
                found=f'no check is named {name!r}',
                expected=f'one of {", ".join(CHECKS)}',
            )
    ann_file = ann_file or find_annotation_file(
        root, cure='Name it with --ann-file.'
    )
    survey = Survey(root, ann_file, img_dir, limits, teacher, on_file)
    ran = [name for name in CHECKS if name not in ignore]
    findings = [
        replace(finding, check=name)
        for name in ran
        for finding in CHECKS[name].find(survey)
    ]
    findings.sort(key=lambda f: -f.severity)
    return CheckReport(survey, findings, ran)


def findings_table(report: CheckReport, show_ids: bool = False) -> Table:
    """The findings as a table for the terminal, worst first.

    Subjects and files are named on request; else images are named by their
    record's id.
    """
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in ('severity', 'check', 'image'):
        table.add_column(title)
    table.add_column('what was found', ratio=1)
    for finding in report.findings:
        text = finding.message + '.'
        if show_ids and finding.names:
            text += f' [{", ".join(finding.names[:_SHOWN])}'
            more = len(finding.names) > _SHOWN
            text += f' ... ({len(finding.names)})]' if more else ']'
        severity = str(finding.severity)
        table.add_row(
            severity,
            finding.check,
            escape(report.image_names(finding, show_ids)),
            escape(text),
            style=_STYLES[severity],
        )
    return table
