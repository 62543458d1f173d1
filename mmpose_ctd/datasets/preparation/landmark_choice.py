"""Which points of a file are the set's landmarks, and what they are called.

A file of lines, ``#`` begins a comment::

    exocanthion_R          the name itself, or
    exocanthion_R=18       the point of that number: in a table the column
                           of that number, else counted from --count-from, or
    exocanthion_R=exoR     the point that the file calls exoR
"""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError

from ..annotation_formats import PointRecord, Refused
from ..annotation_formats.point_record import usual_of
from ..annotation_formats.text_file import read_text

__all__ = ['LandmarkChoice', 'names_of_records', 'read_landmarks']

_EXAMPLE = (
    'write a text file with a name a line in the order of clicking '
    '(exocanthion_R, exocanthion_L ...), or lines such as exocanthion_R=18 '
    'that choose points by number, and give it with --landmarks'
)


@dataclass(frozen=True)
class LandmarkChoice:
    """K landmarks and where they come from.

    Attributes:
        names (tuple[str, ...]): The set's K landmarks.
        labels (tuple[str, ...] | None): What the files call them.
        numbers (tuple[int, ...] | None): Their places, from 0, in files
            without names.
        count (int | None): The points that such a file must have; None for
            any.
        counted (str): Who says so.
        columns (tuple[int, ...] | None): The numbers that the points must
            have, where the files number them.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...] | None = None
    numbers: tuple[int, ...] | None = None
    count: int | None = None
    counted: str = 'as in the others'
    columns: tuple[int, ...] | None = None

    def choose(self, record: PointRecord) -> tuple[np.ndarray, np.ndarray]:
        """The landmarks of a record.

        Returns:
            tuple[np.ndarray, np.ndarray]: (K, 2), NaN where missing, and
            visibility, (K,).

        Raises:
            Refused: If the record has another number of points.
        """
        if self.labels is not None:
            place = {name: i for i, name in enumerate(record.names or ())}
            numbers = [place.get(label, -1) for label in self.labels]
        else:
            found = len(record.points)
            if self.count is not None and found != self.count:
                raise Refused(
                    found=f'has {found} points',
                    expected=f'{self.count}, {self.counted}',
                )
            if record.numbers != self.columns:
                raise Refused(
                    found=f'has the points {_shown(record.numbers)}',
                    expected=f'{_shown(self.columns)}, as in the others',
                )
            numbers = list(self.numbers)
        # A last row for what the record does not have.
        points = np.vstack([record.points, np.full((1, 2), np.nan)])
        visible = np.append(record.visible, 0)
        return points[numbers], visible[numbers]

    def label(self, name: str) -> str | int:
        """What the files call a landmark: a name or a number from 0."""
        i = self.names.index(name)
        return self.labels[i] if self.labels is not None else self.numbers[i]


def names_of_records(records: list[PointRecord]) -> list[str] | None:
    """All names in the order in which they first appear; None if there are
    none."""
    usable = [r for r in records if r.problem is None]
    if not any(r.names for r in usable):
        return None
    return list(dict.fromkeys(n for r in usable for n in r.names or ()))


def _usual_count(records: list[PointRecord]) -> int:
    counts = [
        len(r.points) for r in records if r.problem is None and len(r.points)
    ]
    return usual_of(counts) if counts else 0


def read_landmarks(
    path: str | None,
    records: list[PointRecord],
    count_from: int | None = None,
    without: tuple[str, ...] = (),
    doubtful: Sequence[str] = (),
) -> LandmarkChoice:
    """Settle which points are the landmarks.

    Args:
        path (str, optional): The file of ``--landmarks``.
        records (list[PointRecord]): What was read.
        count_from (int, optional): Whether numbers in that file count from 0
            or from 1.
        without (tuple[str, ...]): Labels that are no landmarks, such as the
            ends of a ruler; left out where the file does not choose.
        doubtful (Sequence[str]): Labels that may be no landmarks; the file
            must say so.

    Returns:
        LandmarkChoice: The landmarks.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it, or the records without it, leave open which point
            is which.
    """
    labels = names_of_records(records)
    if records and not _usual_count(records):
        raise InputError(
            where='POINTS',
            found='records, but not one point in them',
            cure='Check that the landmarks were clicked as points.',
        )
    if path is None:
        if labels is None:
            raise InputError(
                f'The points have no names (a record has '
                f'{_usual_count(records)} of them), and what they are is not '
                f'guessed: {_EXAMPLE}.'
            )
        labels = [label for label in labels if label not in without]
        doubts = [label for label in doubtful if label in labels]
        if doubts:
            raise InputError(
                where='POINTS',
                found=f'columns {", ".join(map(repr, doubts))} with x and y, '
                'which may be landmarks or corners, centres and sizes of a '
                'box',
                expected='landmarks that are stated',
                cure='Write the names of the landmarks into a text file, one '
                'a line, and give it with --landmarks: the others are passed '
                'over.',
            )
        return LandmarkChoice(tuple(labels), labels=tuple(labels))
    lines = _lines(path)
    where = os.path.basename(path)
    names = tuple(name for name, _ in lines)
    twice = [n for n, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f'{where}: the name {twice[0]!r} is there twice.')
    sources = [source for _, source in lines]
    if labels is not None:
        wanted = tuple(s or n for n, s in lines)
        unknown = [label for label in wanted if label not in labels]
        if unknown:
            raise InputError(
                f'{where}: no record has a point called {unknown[0]!r}; the '
                f'names are {", ".join(labels[:12])}'
                + (' ...' if len(labels) > 12 else '.')
            )
        return LandmarkChoice(names, labels=wanted)
    usual = _usual_count(records)
    usable = [r for r in records if r.problem is None and len(r.points)]
    columns = usual_of(r.numbers or () for r in usable) if usable else ()
    columns = columns or None
    if not any(sources):
        return LandmarkChoice(
            names,
            numbers=tuple(range(len(names))),
            count=len(names),
            counted=f'as {where} names',
            columns=columns,
        )
    return LandmarkChoice(
        names,
        numbers=_numbers(where, lines, count_from, usual, columns),
        count=usual,
        columns=columns,
    )


def _shown(numbers: tuple[int, ...] | None) -> str:
    if numbers is None:
        return 'without numbers'
    return ', '.join(map(str, numbers[:8])) + ' ...' * (len(numbers) > 8)


def _numbers(
    where: str,
    lines: list[tuple[str, str]],
    count_from: int | None,
    usual: int,
    columns: tuple[int, ...] | None,
) -> tuple[int, ...]:
    if columns is None:
        if count_from is None:
            raise InputError(
                where=where,
                found='points chosen by number',
                cure='Say what the first point is called: --count-from 0 (as '
                'WebMorph and programmers do) or --count-from 1 (as tpsDig '
                'and iBUG do).',
            )
        columns = tuple(range(count_from, count_from + usual))
    elif (
        count_from is not None
        and {0: min(columns) == 1, 1: 0 in columns}[count_from]
    ):
        raise InputError(
            where=f'--count-from {count_from}',
            found=f'columns that are numbered from {min(columns)}',
            cure='Leave it out: a number means the column of that number.',
        )
    places: list[int] = []
    for name, source in lines:
        if not re.fullmatch('[0-9]{1,9}', source):
            raise InputError(
                where=where,
                found=f'{name}={source}',
                expected='the number of a point, as these files have no '
                'names. Give one for each landmark',
            )
        if int(source) not in columns:
            raise InputError(
                where=where,
                found=f'{name}={source}',
                expected=f'one of the points {_shown(columns)}'
                if len(columns) <= 8
                else f'a point from {columns[0]} to {columns[-1]} that is '
                'there',
            )
        place = columns.index(int(source))
        if place in places:
            raise InputError(
                where=where,
                found=f'the point {source} is there twice, as '
                f'{lines[places.index(place)][0]} and as {name}',
                expected='each point once',
            )
        places.append(place)
    return tuple(places)


def _lines(path: str) -> list[tuple[str, str]]:
    where = os.path.basename(path)
    if not os.path.isfile(path):
        raise MissingFileError(f'--landmarks: {path!r} does not exist.')
    lines = []
    for number, line in enumerate(read_text(path, where).splitlines(), 1):
        line = line.split('#')[0].strip()
        if not line:
            continue
        name, mark, source = (part.strip() for part in line.partition('='))
        if not name or (mark and not source):
            raise InputError(
                f'{where}, line {number}: {line!r}; expected a name, or '
                'name=number.'
            )
        lines.append((name, source))
    if not lines:
        raise InputError(f'{where}: names no landmark; {_EXAMPLE}.')
    return lines
