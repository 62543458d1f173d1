"""Makes a set of labelled face crops from a checkout, whole or not at all."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from mmpose_ctd.datasets.annotation_formats import Refused
from mmpose_ctd.errors import InputError

from .crop_picture import Record, crop_picture
from .recipe import Crop, Recipe
from .set_files import write_annotations, write_documents, write_splits

__all__ = ['ConversionReport', 'convert', 'findings_table', 'summary']

#: Side of the published crops, in pixels.
SIZE = 256
# All that a conversion writes, and so all that `force` may replace.
_CONTENT = {
    *('LICENSE.md', 'README.md', 'frl189_names.txt'),
    *('annotations', 'images', 'splits'),
}
_SUFFIXES = {'.jpg', '.jpeg', '.png'}
# Files of one folder beyond which the report names only the first ones.
_NAMED = 3


@dataclass(frozen=True)
class ConversionFinding:
    """One thing that a user should know.

    Attributes:
        kind (str): ``missing`` (in the recipe, not in the checkout),
            ``refused`` (unusable), ``left out`` (not in the recipe),
            ``split`` (has lost subjects).
        file (str): The file.
        found (str): What was there.
        expected (str): What should be there.
    """

    kind: str
    file: str
    found: str
    expected: str


@dataclass
class ConversionReport:
    """The outcome of a conversion.

    Attributes:
        recipe (Recipe): What was to be made.
        written (int): Pictures written; 0 if the set was not made.
        identical (int, optional): How many of them equal the published
            files; None at another size.
        out (Path, optional): The set; None if it was not made.
        findings (list[ConversionFinding]): In order.
    """

    recipe: Recipe
    written: int = 0
    identical: int | None = None
    out: Path | None = None
    findings: list[ConversionFinding] = field(default_factory=list)

    def add(self, *finding: str) -> None:
        """Add a finding; arguments of :class:`ConversionFinding`."""
        self.findings.append(ConversionFinding(*finding))

    def count(self, kind: str) -> int:
        """Findings of a kind."""
        return sum(finding.kind == kind for finding in self.findings)

    @property
    def ok(self) -> bool:
        """The set was made, and no file was refused."""
        return self.out is not None and not self.count('refused')


def convert(
    src: str | Path,
    out: str | Path,
    recipe: Recipe,
    size: int = SIZE,
    allow_missing: bool = False,
    force: bool = False,
    progress: bool = True,
) -> ConversionReport:
    """Make a set from a checkout.

    Args:
        src (str | Path): The checkout.
        out (str | Path): The set's folder. It appears, or is replaced, only
            when everything has been written.
        recipe (Recipe): Which pictures, crops and splits.
        size (int): Side of the crops, in pixels; keypoints scale with it.
            Defaults to 256, the published one.
        allow_missing (bool): Whether to make the set without pictures that
            are missing or refused. Defaults to False: nothing is written.
        force (bool): Whether to replace an existing set.
        progress (bool): Whether to show a bar.

    Raises:
        InputError: If ``src`` is not a checkout, or ``out`` must not be
            written to.
    """
    src, out = Path(src).resolve(), Path(out).resolve()
    if size < 1:
        raise InputError(where='size', found=str(size), expected='at least 1')
    _check_source(src, recipe)
    _check_out(out, src, force)
    report = ConversionReport(recipe)
    for name in _unknown(src, recipe):
        report.add('left out', name, 'a picture', 'those of the recipe')
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix=f'.{out.name}.', dir=out.parent, ignore_cleanup_errors=True
    ) as folder:
        staged = Path(folder, 'set')
        (staged / 'images').mkdir(parents=True)
        records = _crop_all(src, staged / 'images', size, progress, report)
        complete = len(records) == len(recipe.crops)
        if not records or not (complete or allow_missing):
            return report
        write_annotations(staged / 'annotations', records, recipe, size)
        for finding in write_splits(staged / 'splits', records, recipe):
            report.add('split', *finding)
        write_documents(staged, src, records, recipe, size)
        old = Path(folder, 'old')
        if out.exists():
            out.rename(old)
        try:
            staged.rename(out)
        except OSError:
            if old.exists():
                old.rename(out)
            raise
    report.out, report.written = out, len(records)
    if size == SIZE and any(crop.crop_sha256 for crop in recipe.crops):
        report.identical = sum(record.identical for record in records)
    return report


def _crop_all(
    src: Path, images: Path, size: int, progress: bool, report
) -> list[Record]:
    records = []
    crops = track(
        report.recipe.crops,
        'converting',
        console=Console(stderr=True),
        disable=not progress,
    )
    points = len(report.recipe.names)
    for index, crop in enumerate(crops, 1):
        if name := _missing(src, crop):
            recipe = report.recipe
            origin = f'part of {recipe.repository} at {recipe.commit}'
            report.add('missing', name, 'no such file', origin)
            continue
        try:
            record = crop_picture(src, images, crop, index, points, size)
        except Refused as error:
            report.add('refused', error.where, error.found, error.expected)
            continue
        records.append(record)
    return records


def _missing(src: Path, crop: Crop) -> str | None:
    """The first of a picture's files that the checkout lacks."""
    names = [crop.source] + [crop.template] * crop.labelled
    return next((n for n in names if not (src / n).is_file()), None)


def _unknown(src: Path, recipe: Recipe) -> Iterator[str]:
    """Pictures of the checkout that the recipe does not use."""
    known = {crop.source for crop in recipe.crops}
    for path in sorted((src / 'inst').rglob('*')):
        name = path.relative_to(src).as_posix()
        # macOS leaves `._001_03.jpg` and the like next to a file.
        if path.name.startswith('.') or name in known:
            continue
        if path.suffix.lower() in _SUFFIXES:
            yield name


def _check_source(src: Path, recipe: Recipe) -> None:
    url = f'https://github.com/{recipe.repository}'
    name = recipe.repository.split('/')[-1]
    for part, what in (
        ('inst', 'folder inst/'),
        ('LICENSE.md', 'LICENSE.md, which must go with the images'),
    ):
        if not (src / part).exists():
            raise InputError(
                where=str(src),
                found=f'no {what}',
                expected=f'a checkout: git clone {url} && '
                f'git -C {name} checkout {recipe.commit}',
            )


def _check_out(out: Path, src: Path, force: bool) -> None:
    if out == src or out in src.parents or src in out.parents:
        raise InputError(
            where=str(out), found=f'it and {src} lie in one another'
        )
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(where=str(out), found='a file', expected='a folder')
    content = {path.name for path in out.iterdir()}
    if content and not force:
        raise InputError(
            where=str(out), found='not empty', cure='--force replaces it.'
        )
    if strangers := content - _CONTENT:
        raise InputError(
            where=str(out),
            found=f'files of others, {sorted(strangers)[:5]}',
            expected='what a conversion writes; nothing else is replaced',
        )


def _grouped(
    findings: list[ConversionFinding],
) -> Iterator[ConversionFinding]:
    """One row for a folder if many of its files have the same finding."""
    groups = defaultdict(list)
    for each in findings:
        folder = PurePosixPath(each.file).parent
        # Each refused file needs a look.
        place = each.file if each.kind == 'refused' else folder
        groups[each.kind, place, each.found, each.expected].append(each)
    for (kind, folder, found, expected), members in groups.items():
        if len(members) <= _NAMED:
            yield from members
            continue
        names = [PurePosixPath(member.file).name for member in members]
        shown = f'{folder}: {len(names)} ({", ".join(names[:_NAMED])}, ...)'
        yield ConversionFinding(kind, shown, found, expected)


def summary(report: ConversionReport) -> str:
    """One sentence: what was made, or why nothing was."""
    problems = report.count('missing') + report.count('refused')
    recipe, total = report.recipe, len(report.recipe.crops)
    origin = f'{recipe.repository} at commit {recipe.commit}'
    if report.out is None:
        return (
            f'{problems} of {total} pictures are missing or refused; expected '
            f'a checkout of {origin}. Nothing was written. --allow-missing '
            'makes the set without them.'
        )
    text = f'{report.out}: {report.written} of {total} pictures'
    if problems:
        text += f'; not the whole set of {origin}'
    if report.identical is not None:
        text += (
            f'. {report.identical} of {report.written} crops equal the '
            'published ones, byte for byte'
        )
        if report.identical < report.written:
            text += (
                "; the others differ by this OpenCV's resampling or JPEG coder"
            )
    return text + '.'


def findings_table(report: ConversionReport) -> Table:
    """The findings for :meth:`rich.console.Console.print`."""
    table = Table('what', 'file', 'found', 'expected')
    for column in table.columns:
        column.overflow = 'fold'
    for row in _grouped(report.findings):
        # Text, as file names may hold rich's markup.
        cells = (row.kind, row.file, row.found, row.expected)
        table.add_row(*map(Text, cells))
    return table
