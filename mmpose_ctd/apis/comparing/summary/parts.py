"""What a section of the report is made of; it is written in two formats."""

from dataclasses import dataclass, field

from matplotlib.figure import Figure

from mmpose_ctd.apis.reporting.tables import Table, interval, number

__all__ = [
    'Fold',
    'Plot',
    'Section',
    'difference_cell',
    'me_cell',
    'p_text',
    'slug',
]


@dataclass
class Plot:
    """A figure.

    Attributes:
        name (str): File name without ending, unique in the report.
        figure (Figure): The drawing.
        caption (str): Below it.
        alt (str): What is to be seen, in words.
        num_points (int): How many points are drawn in it.
    """

    name: str
    figure: Figure = field(repr=False)
    caption: str
    alt: str
    num_points: int = 0


@dataclass
class Fold:
    """Tables that are shown on demand.

    Attributes:
        title (str): What is always seen.
        parts (list): The rest: tables, plots and paragraphs.
    """

    title: str
    parts: list = field(default_factory=list)


@dataclass
class Section:
    """A heading and what is below it.

    Attributes:
        key (str): Anchor, unique in the report.
        title (str): Heading.
        parts (list): :class:`.Table`, :class:`Plot`, :class:`Fold`, or a
            paragraph as str.
    """

    key: str
    title: str
    parts: list = field(default_factory=list)

    def add(self, *parts: Table | Plot | Fold | str) -> None:
        self.parts += parts


def slug(*words: object) -> str:
    """A file name or anchor of words that may hold anything."""
    text = '_'.join(str(word) for word in words if str(word))
    kept = ''.join(c if c.isascii() and c.isalnum() else '_' for c in text)
    return '_'.join(filter(None, kept.lower().split('_'))) or 'all'


def me_cell(
    mean: float,
    sd: float,
    ends: tuple[float, float] = (None, None),
    digits: int = 3,
) -> str:
    """ME ± SD, and below it the interval."""
    told = number(mean, digits)
    if sd == sd:
        told += f' ± {number(sd, digits)}'
    below = interval(*ends, digits)
    return f'{told}\n{below}' if below else told


def difference_cell(
    value: float,
    ends: tuple[float, float] = (None, None),
    relative: float | None = None,
) -> str:
    """A signed difference, and below it the interval."""
    told = number(value, 3, sign=True)
    if relative is not None and relative == relative:
        told += f' ({number(100 * relative, 1, sign=True)} %)'
    below = interval(*ends, 3, sign=True)
    return f'{told}\n{below}' if below else told


def p_text(value: float) -> str:
    """A p-value; one below a thousandth says no more than that."""
    if value != value:
        return '–'
    return '< 0.001' if value < 0.001 else f'{value:.3f}'
