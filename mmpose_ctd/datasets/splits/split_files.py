"""Writes and shows split files, and says which belong together."""

import os
import re
import tempfile
from collections.abc import Collection, Iterable, Sequence
from itertools import combinations
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from mmpose_ctd.errors import InputError

from ..landmark_file import CONTROL, IMAGE_LINE, read_split
from ..split_selection import people_of
from .population import Population
from .schemes import Partition

_ROLE = re.compile(r'(train|val|test)(?:_|$)')
_BUDGET = re.compile(r'_n\d+(?=_|$)')
_SEED = re.compile(r'_seed(\d+)(?=_|$)')
_SITE = re.compile(r'_without_(?=.)')


def write_splits(
    folder: Path,
    partitions: Sequence[Partition],
    population: Population,
    header: Sequence[str],
    allow_shared_subjects: bool,
    keep: Collection[str],
) -> list[Path]:
    """Write all files, or none.

    ``header`` are comments at the top of each file; the file's counts follow.
    ``keep`` names existing files that stay.

    Raises:
        InputError: If a subject is on two sides, or a name cannot be written
            into a split file.
    """
    for partition in () if allow_shared_subjects else partitions:
        people = {
            name: people_of(lines, population.images)
            for name, lines in partition.items()
        }
        for a, b in combinations(people, 2):
            if both := people[a] & people[b]:
                raise InputError(
                    where=f'{a}, {b}',
                    found=f'{len(both)} subjects would be in both; a model '
                    'recognises who it was trained on, and errors on them say '
                    'nothing about new faces',
                    cure='Choose a scheme that goes by subject, or give '
                    '--allow-shared-subjects.',
                )
    files = {
        folder / f'{name}.txt': lines
        for partition in partitions
        for name, lines in partition.items()
        if name not in keep
    }
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
    if {*sites} - {''}:
        words = (' '.join((site or 'none').split()) for site in sites)
        each = map('{} {}'.format, words, sites.values())
        text += f'; subjects by site: {", ".join(each)}'
    return text


def split_table(
    partitions: Sequence[Partition], population: Population
) -> Table:
    """Files, and how many subjects and images each holds; no names."""
    files = {n: lines for p in partitions for n, lines in p.items()}
    sizes = {n: population.sizes(lines) for n, lines in files.items()}
    sites = sorted({site for size in sizes.values() for site in size[2]})
    if sites == ['']:
        sites = []
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column('file')
    for column in ('subjects', 'images', *(s or 'no site' for s in sites)):
        table.add_column(escape(column), justify='right')
    for name, (subjects, images, found) in sorted(sizes.items()):
        counts = [subjects, images, *(found.get(s, 0) for s in sites)]
        table.add_row(escape(f'{name}.txt'), *map(str, counts))
    return table


def _parts(name: str) -> tuple[str, str, str, bool] | None:
    """Role, what is left of the name, seed, and whether a fold or site.

    The number of subjects is dropped: ``train_n020`` goes with ``test``.
    """
    role = _ROLE.match(name)
    if role is None:
        return None
    seed = _SEED.search(name)
    rest = _SEED.sub('', _BUDGET.sub('', name[len(role[1]) :]))
    bare = _SITE.sub('_', rest)
    own = bare != rest or re.match(r'_fold\d', rest) is not None
    return role[1], bare, seed[1] if seed else '', own


def sides(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of files that must not share a subject.

    Training with validation and test, validation with test. ``names`` are
    stems of split files, as ``mmpose_ctd split`` names them. A plain ``test``
    goes with all files that are not of a fold or site; files with other names
    go with nothing.
    """
    known = {name: parts for name in names if (parts := _parts(name))}
    pairs = []
    for a, (role, of, seed, own) in known.items():
        for b, (other, of_b, seed_b, _) in known.items():
            if 'train val test'.find(role) >= 'train val test'.find(other):
                continue
            same = of == of_b or (not of_b and not own)
            if same and seed_b in ('', seed):
                pairs.append((a, b))
    return sorted(pairs)
