"""Writes and shows split files."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from mmpose_ctd.errors import InputError

from ..landmark_file import CONTROL, IMAGE_LINE, read_split
from ..split_selection import shared_subjects
from .population import Population
from .schemes import Partition


def write_splits(
    folder: Path,
    partitions: Sequence[Partition],
    population: Population,
    header: Sequence[str] = (),
    force: bool = False,
    allow_shared_subjects: bool = False,
    keep: Sequence[str] = (),
) -> list[Path]:
    """Write all files, or none.

    Args:
        folder (Path): Made if it does not exist.
        partitions (Sequence[Partition]): Of :func:`draw_splits`.
        population (Population): The data set that they split.
        header (Sequence[str]): Comments at the top of each file; the file's
            counts follow.
        force (bool): Whether to replace files. Defaults to False.
        allow_shared_subjects (bool): Whether a subject may be on two sides.
            Defaults to False.
        keep (Sequence[str]): Names of existing files that stay.

    Returns:
        list[Path]: The written files.

    Raises:
        InputError: If a subject is on two sides, a file exists, or a name
            cannot be written into a split file.
    """
    if not allow_shared_subjects:
        _refuse_shared(partitions, population)
    files = {
        folder / f'{name}.txt': lines
        for partition in partitions
        for name, lines in partition.items()
        if name not in keep
    }
    there = sorted(file.name for file in files if file.exists())
    if there and not force:
        raise InputError(
            where=str(folder),
            found=f'{", ".join(there[:5])}{" ..." * (len(there) > 5)} '
            f'exist{"s" * (len(there) == 1)} already',
            cure='Move them away, or give --force to replace them.',
        )
    folder.mkdir(parents=True, exist_ok=True)
    # Nothing gets its name before everything is written.
    with tempfile.TemporaryDirectory(prefix='.', dir=folder) as drafts:
        for file, lines in files.items():
            comments = [*header, _counts(population, lines)]
            text = [*(f'# {comment}' for comment in comments), *lines]
            draft = Path(drafts, file.name)
            draft.write_text('\n'.join(text) + '\n', 'utf-8')
            _check_readable(draft, lines)
        for file in files:
            os.replace(Path(drafts, file.name), file)
    return list(files)


def _refuse_shared(
    partitions: Sequence[Partition], population: Population
) -> None:
    for partition in partitions:
        shared = shared_subjects(partition, population.images)
        for (a, b), people in shared.items():
            raise InputError(
                where=f'{a}, {b}',
                found=f'{len(people)} subjects would be in both; a model '
                'recognises who it was trained on, and errors on them say '
                'nothing about new faces',
                cure='Choose a scheme that goes by subject, or give '
                '--allow-shared-subjects.',
            )


def _check_readable(draft: Path, lines: Sequence[str]) -> None:
    """Refuse names that a split file cannot hold."""
    bad = [line for line in lines if CONTROL.search(line)]
    if not bad:
        found = read_split(str(draft))
        if found == list(lines):
            return
        bad = [line for line in lines if line not in {*found}] or ['']
    key = 'file_name' if bad[0].startswith(IMAGE_LINE) else 'subject'
    raise InputError(
        where=f'{key} {bad[0].removeprefix(IMAGE_LINE)!r}',
        found='cannot stand in a split file',
        expected='no line break, no # after a space, no space at either end, '
        f'and no subject that begins with {IMAGE_LINE}',
        cure='Rename it in the annotation file.',
    )


def _counts(population: Population, lines: Sequence[str]) -> str:
    subjects, images, sites = population.sizes(lines)
    text = f'{subjects} subjects, {images} labelled images'
    if set(sites) - {''}:
        each = [
            f'{" ".join((site or "none").split())} {number}'
            for site, number in sites.items()
        ]
        text += f'; subjects by site: {", ".join(each)}'
    return text


def split_table(
    partitions: Sequence[Partition], population: Population
) -> Table:
    """Files, and how many subjects and images each holds; no names."""
    sites = sorted(
        {
            site
            for partition in partitions
            for lines in partition.values()
            for site in population.sizes(lines)[2]
        }
    )
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column('file')
    for column in ('subjects', 'images'):
        table.add_column(column, justify='right')
    if set(sites) - {''}:
        for site in sites:
            table.add_column(escape(site or 'no site'), justify='right')
    else:
        sites = []
    files = {n: lines for p in partitions for n, lines in p.items()}
    for name, lines in sorted(files.items()):
        subjects, images, found = population.sizes(lines)
        counts = [subjects, images, *(found.get(s, 0) for s in sites)]
        table.add_row(escape(f'{name}.txt'), *map(str, counts))
    return table
