"""What every annotation format is read into."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mmpose_ctd.errors import InputError

__all__ = ['PointRecord', 'Reading', 'Refused', 'Source', 'finite_or_nan']


class Refused(InputError):
    """One record cannot be used; the others of its file may be fine."""


class Source(NamedTuple):
    """A file of points.

    Attributes:
        path (str): Where it lies.
        name (str): How messages call it: its path below the folder that the
            user gave, with ``/``.
    """

    path: str
    name: str


@dataclass
class PointRecord:
    """The points of one photograph, as their file has them.

    Attributes:
        source (str): Where in which file, for messages.
        image (str): Name of the photograph as far as the file tells it:
            perhaps with folders, perhaps without extension.
        points (np.ndarray): Shape (N, 2), x and y in pixels, float64; NaN
            where a point is missing. Axes and origin are the format's.
        visible (np.ndarray, optional): COCO's visibility, (N,); 0 missing, 1
            hidden, 2 visible. Defaults to 2 where there is a point.
        names (tuple[str, ...], optional): N names, or None where the format
            has none.
        size (tuple[int, int], optional): Width and height of the photograph
            that the points were clicked in, if the file tells.
        scale (float, optional): Size of a pixel in a unit that the file does
            not tell.
        fields (dict): What else is known of the photograph, such as subject.
        problem (str, optional): Why it cannot be used; points and names may
            be empty then.
    """

    source: str
    image: str
    points: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    visible: np.ndarray | None = None
    names: tuple[str, ...] | None = None
    size: tuple[int, int] | None = None
    scale: float | None = None
    fields: dict = field(default_factory=dict)
    problem: str | None = None

    def __post_init__(self) -> None:
        known = np.isfinite(self.points).all(axis=1)
        if self.visible is None:
            self.visible = np.full(len(self.points), 2)
        self.visible = np.where(known, self.visible, 0).astype(int)


@dataclass
class Reading:
    """All that the files of one format hold.

    Attributes:
        records (list[PointRecord]): In the files' order.
        notes (list[str]): What was passed over, in words.
    """

    records: list[PointRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


_MISSING = {'', '-', '.', 'na', 'n/a', 'nan', 'null', 'none', 'missing', '?'}


def finite_or_nan(text: str, decimal: str = '.') -> float:
    """A number, or NaN where a table has a word for a missing one.

    Args:
        text (str): A cell.
        decimal (str): The decimal mark. Defaults to a point.

    Raises:
        ValueError: If it is neither, or infinite.
    """
    text = text.strip()
    if text.lower() in _MISSING:
        return float('nan')
    if decimal != '.':
        # A point is for thousands there, or a mistake.
        if '.' in text:
            raise ValueError(text)
        text = text.replace(decimal, '.')
    # `float` alone would also read '1_0'.
    if '_' in text or 'inf' in text.lower():
        raise ValueError(text)
    return float(text)
