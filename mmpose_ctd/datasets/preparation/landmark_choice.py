"""Which points of a file are the set's landmarks, and their names.

``--landmarks`` is a text file of these lines; ``#`` begins a comment::

    exocanthion_R          the point of this name, or the next in order
    exocanthion_R=18       the point of this number: in a table the column of
                           this number, else counted from --count-from
    exocanthion_R=exoR     the point that the files call exoR
"""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError, some_of

from ..annotation_formats import PointRecord, Refused
from ..annotation_formats.point_record import usual_of
from ..text_files import read_text

_CURE = (
    'Write a text file with one name a line, in the order of clicking '
    '(exocanthion_R, exocanthion_L ...), or lines such as exocanthion_R=18 '
    'that choose points by number, and give it with --landmarks.'
)


@dataclass(frozen=True)
class LandmarkChoice:
    """K landmarks and where they come from.

    Attributes:
        names (tuple[str, ...]): The set's K landmarks.
        labels (tuple[str, ...] | None): What the files call them.
        numbers (tuple[int, ...] | None): Their places, from 0, in files
            without names.
        count (int | None): The points that such a record must have.
        columns (tuple[int, ...] | None): The numbers that the points must
            have, where the files number them.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...] | None = None
    numbers: tuple[int, ...] | None = None
    count: int | None = None
    columns: tuple[int, ...] | None = None

    def choose(self, record: PointRecord) -> tuple[np.ndarray, np.ndarray]:
        """Landmarks of a record (K, 2), NaN if missing, and visibility (K,).

        Raises:
            Refused: If the record has another number of points.
        """
        if self.labels is not None:
            place = {name: i for i, name in enumerate(record.names or ())}
            numbers = [place.get(label, -1) for label in self.labels]
        elif len(record.points) != self.count:
            raise Refused(f'has {len(record.points)} points', f'{self.count}')
        elif record.numbers != self.columns:
            raise Refused(
                f'has the points {_shown(record.numbers)}',
                f'{_shown(self.columns)}, as in the others',
            )
        else:
            numbers = list(self.numbers)
        # A last row for what the record does not have.
        points = np.vstack([record.points, np.full((1, 2), np.nan)])
        visible = np.append(record.visible, 0)
        return points[numbers], visible[numbers]


def read_landmarks(
    path: str | None,
    records: list[PointRecord],
    count_from: int | None = None,
    without: tuple[str, ...] = (),
    doubtful: Sequence[str] = (),
) -> LandmarkChoice:
    """Settle which points are the landmarks.

    ``count_from`` is the number of the first point in the file of
    ``--landmarks``. Labels in ``without``, such as the ends of a ruler, are
    left out where that file does not choose; ``doubtful`` ones may not be
    landmarks, so it must choose.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it, or the records without it, leave open which point
            is which.
    """
    usable = [r for r in records if r.problem is None]
    labels = [*dict.fromkeys(n for r in usable for n in r.names or ())]
    clicked = [r for r in usable if len(r.points)]
    usual = usual_of(len(r.points) for r in clicked) if clicked else 0
    if records and not usual:
        raise _refused(
            'POINTS',
            'records, but not one point in them',
            cure='Check that the landmarks were clicked as points.',
        )
    if path is None:
        return _of_labels(labels, usual, without, doubtful)
    lines = _lines(path)
    where = os.path.basename(path)
    names = tuple(name for name, _ in lines)
    twice = [n for n, count in Counter(names).items() if count > 1]
    if twice:
        found = f'the name {twice[0]!r} is there twice'
        raise _refused(where, found, 'each name once')
    if labels:
        wanted = tuple(source or name for name, source in lines)
        unknown = [label for label in wanted if label not in labels]
        if unknown:
            found = f'no record has a point called {unknown[0]!r}'
            raise _refused(where, found, f'one of {some_of(labels, 12)}')
        return LandmarkChoice(names, labels=wanted)
    columns = usual_of(r.numbers or () for r in clicked) if clicked else ()
    columns = columns or None
    if not any(source for _, source in lines):
        return LandmarkChoice(
            names,
            numbers=tuple(range(len(names))),
            count=len(names),
            columns=columns,
        )
    numbers = _numbers(where, lines, count_from, usual, columns)
    return LandmarkChoice(names, numbers=numbers, count=usual, columns=columns)


def _refused(
    where: str, found: str, expected: str = '', cure: str = ''
) -> InputError:
    return InputError(where=where, found=found, expected=expected, cure=cure)


def _of_labels(
    labels: list[str],
    usual: int,
    without: tuple[str, ...],
    doubtful: Sequence[str],
) -> LandmarkChoice:
    """All points of files that name them."""
    if not labels:
        raise _refused(
            'POINTS',
            f'points without names, {usual} of them in a record',
            'the names; they are not guessed',
            _CURE,
        )
    labels = [label for label in labels if label not in without]
    doubts = [label for label in doubtful if label in labels]
    if doubts:
        raise _refused(
            'POINTS',
            f'columns {", ".join(map(repr, doubts))} with x and y, which may '
            'be landmarks or corners, centres and sizes of a box',
            'a list of the landmarks',
            'Write the names of the landmarks into a text file, one a line, '
            'and give it with --landmarks. Other columns are ignored.',
        )
    return LandmarkChoice(tuple(labels), labels=tuple(labels))


def _shown(numbers: Sequence | None) -> str:
    return 'without numbers' if numbers is None else some_of(numbers)


def _numbers(
    where: str,
    lines: list[tuple[str, str]],
    count_from: int | None,
    usual: int,
    columns: tuple[int, ...] | None,
) -> tuple[int, ...]:
    if columns is None:
        if count_from is None:
            raise _refused(
                where,
                'points chosen by number',
                cure='State the number of the first point: --count-from 0 (as '
                'in WebMorph) or --count-from 1 (as in tpsDig and iBUG).',
            )
        columns = tuple(range(count_from, count_from + usual))
    elif (
        count_from is not None
        and {0: min(columns) == 1, 1: 0 in columns}[count_from]
    ):
        raise _refused(
            f'--count-from {count_from}',
            f'columns that are numbered from {min(columns)}',
            cure='Leave it out: a number means the column of that number.',
        )
    known = f'one of the points {_shown(columns)}'
    if len(columns) > 8:
        known = f'a point from {columns[0]} to {columns[-1]} that is there'
    places: list[int] = []
    for name, source in lines:
        given = f'{name}={source}'
        if not re.fullmatch('[0-9]{1,9}', source):
            raise _refused(
                where,
                given,
                'the number of a point, as these files have no names. Give '
                'one for each landmark',
            )
        if int(source) not in columns:
            raise _refused(where, given, known)
        place = columns.index(int(source))
        if place in places:
            first = lines[places.index(place)][0]
            found = f'the point {source} is there twice, as {first} and as '
            raise _refused(where, found + name, 'each point once')
        places.append(place)
    return tuple(places)


def _lines(path: str) -> list[tuple[str, str]]:
    where = os.path.basename(path)
    if not os.path.isfile(path):
        raise MissingFileError(
            where='--landmarks', found=f'{path!r} does not exist'
        )
    lines = []
    for number, line in enumerate(read_text(path, where).splitlines(), 1):
        line = line.split('#')[0].strip()
        if not line:
            continue
        name, mark, source = (part.strip() for part in line.partition('='))
        if not name or (mark and not source):
            where = f'{where}, line {number}'
            raise _refused(where, repr(line), 'a name, or name=number')
        lines.append((name, source))
    if not lines:
        raise _refused(where, 'names no landmark', cure=_CURE)
    return lines
