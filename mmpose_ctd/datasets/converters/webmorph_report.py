"""What a conversion found, and how it is shown."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from rich.table import Table
from rich.text import Text

#: Files of one folder beyond which the report names only the first ones.
NAMED = 3


@dataclass(frozen=True)
class Finding:
    """One thing that a user should know of.

    Attributes:
        kind (str): ``missing`` (in the recipe, not in the checkout),
            ``refused`` (there, but unusable), ``left out`` (there, but not
            in the recipe), ``split`` (has lost subjects).
        file (str): What it is about.
        found (str): What was there.
        expected (str): What should be.
    """

    kind: str
    file: str
    found: str
    expected: str


@dataclass
class Report:
    """The outcome of a conversion.

    Attributes:
        repository (str): Where the originals should come from.
        commit (str): At which commit.
        total (int): Pictures in the recipe.
        written (int): Pictures written; 0 where the set was not made.
        identical (int, optional): How many of them are byte for byte the
            published ones; None at a size that is not published.
        out (Path, optional): The set; None where it was not made.
        findings (list[Finding]): In the order in which they came up.
    """

    repository: str
    commit: str
    total: int
    written: int = 0
    identical: int | None = None
    out: Path | None = None
    findings: list[Finding] = field(default_factory=list)

    def count(self, kind: str) -> int:
        return sum(finding.kind == kind for finding in self.findings)

    @property
    def ok(self) -> bool:
        """The set was made, and nothing that was there was unusable."""
        return self.out is not None and not self.count('refused')


def _grouped(findings: Iterable[Finding]) -> Iterator[Finding]:
    """A row a folder where many of its files say the same."""
    groups = defaultdict(list)
    for finding in findings:
        folder = PurePosixPath(finding.file).parent
        # A refused file is never folded away: each needs a look.
        key = finding.file if finding.kind == 'refused' else folder
        key = finding.kind, key, finding.found, finding.expected
        groups[key].append(finding)
    for (kind, folder, found, expected), members in groups.items():
        if len(members) <= NAMED:
            yield from members
            continue
        names = [PurePosixPath(member.file).name for member in members]
        yield Finding(
            kind,
            f'{folder}: {len(names)} ({", ".join(names[:NAMED])}, ...)',
            found,
            expected,
        )


def summary(report: Report) -> str:
    """One sentence: what was made, or why nothing was."""
    problems = report.count('missing') + report.count('refused')
    origin = f'{report.repository} at commit {report.commit}'
    if report.out is None:
        return (
            f'{problems} of {report.total} pictures are missing or refused; '
            f'expected a checkout of {origin}. Nothing was written. '
            '--allow-missing makes the set of what is there.'
        )
    text = f'{report.out}: {report.written} of {report.total} pictures'
    if problems:
        text += f'; not the whole set of {origin}'
    if report.identical is not None:
        text += (
            f'. {report.identical} of {report.written} crops are byte for '
            'byte the published ones'
        )
        if report.identical < report.written:
            text += (
                "; the others differ by this OpenCV's resampling or JPEG coder"
            )
    return text + '.'


def findings_table(report: Report) -> Table:
    """The findings for :meth:`rich.console.Console.print`."""
    table = Table('what', 'file', 'found', 'expected')
    for column in table.columns:
        column.overflow = 'fold'
    for row in _grouped(report.findings):
        # Text, as file names may hold rich's markup.
        table.add_row(
            *map(Text, (row.kind, row.file, row.found, row.expected))
        )
    return table
