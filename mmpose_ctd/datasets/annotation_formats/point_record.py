"""The records that every annotation format is read into."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mmpose_ctd.errors import InputError

# Sides of a photograph, in pixels; no photograph is larger.
_LARGEST = 1e6


class Refused(InputError):
    """One record cannot be used; other records of its file may be fine."""

    def __init__(
        self,
        found: str = '',
        expected: str = '',
        cure: str = '',
        where: str = '',
    ) -> None:
        super().__init__(
            where=where, found=found, expected=expected, cure=cure
        )

    def at(self, where: str) -> InputError:
        """This error, for a file or record as a whole."""
        return InputError(
            where=where,
            found=self.found,
            expected=self.expected,
            cure=self.cure,
        )


class Source(NamedTuple):
    """A file of points: its path, and its name in messages.

    The name is the path below the folder that the user gave, with ``/``.
    """

    path: str
    name: str


@dataclass(frozen=True)
class ReadOptions:
    """What a user states about the files of points.

    The decimal mark, ``'.'`` or ``','``, and, as ``'id'``, that the line
    ``ID=`` of a tps file names the photograph where ``IMAGE=`` is absent.
    """

    decimal: str | None = None
    photograph_from: str | None = None


@dataclass
class PointRecord:
    """The points of one photograph, as their file has them.

    A point is missing if its coordinates are NaN (empty, or a word such as
    NA), are the same negative whole number, such as -1 or -999, or if the
    file says that it is not visible. (0, 0) may be missing, or the origin of
    coordinates that are not pixels: preparation decides.

    Attributes:
        source (str): File and record, for messages.
        image (str): Name of the photograph as the file has it; it may have
            folders, and may lack the extension.
        points (np.ndarray): (N, 2), x and y in pixels, float64; NaN where
            missing. Axes and origin are the format's.
        visible (np.ndarray): (N,), COCO's visibility: 0 missing, 1 hidden, 2
            visible. Defaults to 2.
        names (tuple[str, ...], optional): N names, if the format has names.
        numbers (tuple[int, ...], optional): N numbers that the file gives the
            points, such as 2 for the columns x2 and y2.
        counts (dict[str, int]): Label -> number of its points, where points
            are only counted (label ``''``: points whose labels are numbers).
        size (tuple[int, int], optional): Width and height of the photograph
            that was labelled. Readers give any numbers, NaN if unknown.
        scale (float, optional): Size of a pixel, in a unit that the file does
            not state.
        fields (dict): Further facts of the photograph, such as its subject.
        problem (str, optional): Why the record cannot be used.
        file (Source, optional): Its file.
        is_of_file_name (bool): Whether the name of the file may name the
            photograph as well.
    """

    source: str
    image: str
    points: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    visible: np.ndarray | None = None
    names: tuple[str, ...] | None = None
    numbers: tuple[int, ...] | None = None
    counts: dict[str, int] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    scale: float | None = None
    fields: dict = field(default_factory=dict)
    problem: str | None = None
    file: Source | None = None
    is_of_file_name: bool = False

    def __post_init__(self) -> None:
        self.points = np.array(self.points, dtype=float).reshape(-1, 2)
        if self.visible is None:
            self.visible = np.full(len(self.points), 2)
        self.visible = np.asarray(self.visible)
        try:
            self._mark_missing()
            self._check_size()
            if repeated := repeated_name(self.names or ()):
                raise Refused(
                    f'{repeated[0]!r} and {repeated[1]!r} are labels of one '
                    'record',
                    'one face, each landmark once',
                )
            if not self.image.strip():
                raise Refused('its photograph is not named')
        except Refused as error:
            self.refuse(error)

    def refuse(self, error: InputError) -> None:
        """Keep the first reason why the record cannot be used."""
        if self.problem is None:
            self.problem = error.text(with_where=False)

    def _mark_missing(self) -> None:
        known = ~np.isnan(self.points)
        x, y = self.points.T
        seen = self.visible != 0
        one_known = known.sum(axis=1) == 1
        for bad, found, expected in (
            (
                np.isinf(self.points).any(axis=1),
                'a coordinate is infinite',
                'pixels of the photograph',
            ),
            (
                one_known & seen,
                'only one of x, y is there',
                'both, or none where it is missing',
            ),
            (
                ((x == -1) != (y == -1)) & seen,
                'only one of x, y is -1',
                'both, where it is missing',
            ),
        ):
            if bad.any():
                place = int(bad.argmax())
                labels = self.names or self.numbers
                label = labels[place] if labels else place + 1
                raise Refused(f'point {label}: {found}', expected)
        code = (x == y) & (x < 0) & (x == np.floor(x))
        missing = ~known.all(axis=1) | code | ~seen
        self.points = np.where(missing[:, None], np.nan, self.points)
        self.visible = np.where(missing, 0, self.visible).astype(int)

    def _check_size(self) -> None:
        if self.size is None or np.isnan(self.size).any():
            self.size = None
            return
        width, height = self.size
        if any(not 1 <= side <= _LARGEST or side % 1 for side in self.size):
            raise Refused(
                f'a photograph of {width:g}x{height:g}',
                'its width and height in whole pixels',
            )
        self.size = int(width), int(height)


@dataclass
class Reading:
    """The content of all files of one format.

    ``notes`` say what was ignored; ``doubtful`` names may be no landmarks.
    """

    records: list[PointRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)

    @classmethod
    def of_files(
        cls, files: list[Source], make: Callable[[Source], dict]
    ) -> 'Reading':
        """Make a record of each file; its name names the photograph."""
        reading = cls()
        for file in files:
            image = os.path.splitext(file.name)[0]
            reading.add(file, file.name, image, lambda f=file: make(f))
        return reading

    def add(
        self, file: Source, where: str, image: str, make: Callable[[], dict]
    ) -> None:
        """Append a record, with a ``problem`` if ``make`` raises InputError.

        ``make`` returns further arguments of :class:`PointRecord`; its
        ``image`` overrides the argument.
        """
        try:
            values = make()
        except InputError as error:
            values = dict(problem=error.text(with_where=False))
        values = dict(image=image) | values
        self.records.append(PointRecord(where, file=file, **values))


def is_number(label: str) -> bool:
    """Whether a label is a number, so does not name a landmark."""
    return re.fullmatch('[0-9]{1,9}', label) is not None


def plain_name(name: str) -> str:
    """A label in small letters, with one space for spaces and dashes."""
    return re.sub(r'[\s_\-]+', ' ', name).strip().casefold()


def repeated_name(
    names: Iterable[str], by_value: bool = False
) -> tuple[str, str] | None:
    """The first two names that differ in case, spaces or dashes alone.

    With ``by_value`` 1 and 01 are one name.
    """
    seen: dict = {}
    for name in names:
        by_number = by_value and is_number(name)
        plain = int(name) if by_number else plain_name(name)
        if plain in seen:
            return seen[plain], name
        seen[plain] = name
    return None


def usual_of(values: Iterable):
    """The most common value; of equally common ones the largest.

    A forgotten click is more common than one too many.
    """
    counts = Counter(values)
    return max(counts, key=lambda value: (counts[value], value))


def refuse_uneven(records: list[PointRecord]) -> None:
    """Refuse records that count or spell their points unlike the others.

    After a forgotten click each later point has the number of another
    landmark.
    """
    counts, spellings = defaultdict(list), defaultdict(list)
    usable = [record for record in records if record.problem is None]
    for record in usable:
        for label, count in record.counts.items():
            counts[label].append(count)
        for name in record.names or ():
            spellings[plain_name(name)].append(name)
    usual = {label: usual_of(found) for label, found in counts.items()}
    spelt = {plain: usual_of(found) for plain, found in spellings.items()}
    for record in usable:
        for label, count in record.counts.items():
            if count != usual[label]:
                who = f'{label!r} ' if label else ''
                record.refuse(
                    Refused(
                        f'{who}has {count} points',
                        f'{usual[label]}, as in the other records: a point '
                        'was forgotten or clicked twice',
                    )
                )
        for name in record.names or ():
            if name != (usual_name := spelt[plain_name(name)]):
                record.refuse(
                    Refused(
                        f'the label {name!r}',
                        f'{usual_name!r}, as in the other records',
                    )
                )
