"""What every annotation format is read into."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mmpose_ctd.errors import InputError

from .missing import settle_missing

__all__ = [
    'PointRecord',
    'ReadOptions',
    'Reading',
    'Refused',
    'Source',
    'is_number',
    'plain_name',
    'repeated_name',
    'repeated_number',
]


class Refused(InputError):
    """One record cannot be used; the others of its file may be fine."""

    def at(self, where: str) -> InputError:
        """The same for a whole file, of this name."""
        return InputError(
            where=where,
            found=self.found,
            expected=self.expected,
            cure=self.cure,
        )


class Source(NamedTuple):
    """A file of points.

    Attributes:
        path (str): Where it lies.
        name (str): How messages call it: its path below the folder that the
            user gave, with ``/``.
    """

    path: str
    name: str


@dataclass(frozen=True)
class ReadOptions:
    """What a user states about the files of points.

    Attributes:
        decimal (str, optional): The decimal mark, ``'.'`` or ``','``; found
            out if None.
        photograph_from (str, optional): ``'id'``: ``ID=`` of a tps file is
            the photograph's name where ``IMAGE=`` is absent.
    """

    decimal: str | None = None
    photograph_from: str | None = None


@dataclass
class PointRecord:
    """The points of one photograph, as their file has them.

    Attributes:
        source (str): Where in which file, for messages.
        image (str): Name of the photograph as far as the file tells it:
            perhaps with folders, perhaps without extension.
        points (np.ndarray): Shape (N, 2), x and y in pixels, float64; NaN
            where a point is missing (see :func:`.settle_missing`). Axes and
            origin are the format's.
        visible (np.ndarray, optional): COCO's visibility, (N,); 0 missing, 1
            hidden, 2 visible. Defaults to 2 where there is a point.
        names (tuple[str, ...], optional): N names, or None where the format
            has none.
        numbers (tuple[int, ...], optional): N numbers that the file gives
            the points, such as 2 for the columns x2 and y2; None where they
            are only counted.
        counts (dict[str, int]): Label -> number of its points, where these
            are only counted ('' for points whose labels are numbers); see
            :func:`.refuse_uneven`.
        size (tuple[int, int], optional): Width and height of the photograph
            that the points were clicked in, if the file tells.
        scale (float, optional): Size of a pixel in a unit that the file does
            not tell.
        fields (dict): What else is known of the photograph, such as subject.
        problem (str, optional): Why it cannot be used; points and names may
            be empty then.
        file (Source, optional): The file that it comes from.
        is_of_file_name (bool): Whether the file's own name means the
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
        if self.visible is None:
            self.visible = np.full(len(self.points), 2)
        count = range(1, len(self.points) + 1)
        labels = [*map(str, self.names or self.numbers or count)]
        try:
            self.points, self.visible = settle_missing(
                self.points, self.visible, labels
            )
            if repeated := repeated_name(self.names or ()):
                raise Refused(
                    found=f'{repeated[0]!r} and {repeated[1]!r} are labels of '
                    'one record',
                    expected='one face, each landmark once',
                )
            if not self.image.strip():
                raise Refused(found='its photograph is not named')
        except InputError as error:
            self.refuse(error)

    def refuse(self, error: InputError) -> None:
        """Keep the first reason why the record cannot be used."""
        if self.problem is None:
            self.problem = error.text(with_where=False)


def plain_name(name: str) -> str:
    """A label without what is easily overlooked: case, spaces, dashes."""
    return re.sub(r'[\s_\-]+', ' ', name).strip().casefold()


def repeated_name(names) -> tuple[str, str] | None:
    """The first two names that are one but for case, spaces and dashes."""
    seen: dict[str, str] = {}
    for name in names:
        if (plain := plain_name(name)) in seen:
            return seen[plain], name
        seen[plain] = name
    return None


@dataclass
class Reading:
    """All that the files of one format hold.

    Attributes:
        records (list[PointRecord]): In the files' order.
        notes (list[str]): What was passed over, in words.
        doubtful (list[str]): Names of points that may be no landmarks.
    """

    records: list[PointRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)

    def add(self, record: PointRecord, source: Source) -> None:
        """Append a record of a file."""
        record.file = source
        self.records.append(record)


def is_number(label: str) -> bool:
    """Whether a label is a number, which names no landmark."""
    return re.fullmatch('[0-9]{1,9}', label) is not None


def repeated_number(labels) -> tuple[str, str] | None:
    """The first two labels that are one number, such as 1 and 01."""
    seen: dict[int, str] = {}
    for label in filter(is_number, labels):
        if (number := int(label)) in seen:
            return seen[number], label
        seen[number] = label
    return None
