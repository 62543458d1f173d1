"""What a section of a report consists of, and the text of its cells."""

from dataclasses import dataclass, field

import numpy as np
from matplotlib.figure import Figure

from mmpose_ctd.apis.error_tables import Table, number, with_interval

from .differences import Difference, StudyArm, SystemErrors, spread


@dataclass
class Plot:
    """A figure.

    Attributes:
        name (str): File name without ending, unique in the report.
        figure (Figure): The drawing.
        caption (str): Below it.
        alt (str): What it shows, in words.
        num_points (int): How many points are drawn in it.
    """

    name: str
    figure: Figure = field(repr=False)
    caption: str
    alt: str
    num_points: int = 0


@dataclass
class Fold:
    """A table that is shown on demand."""

    title: str
    table: Table


@dataclass
class Section:
    """A heading with tables, plots, folds and paragraphs (str).

    Attributes:
        words (tuple): Make the anchor, unique in the report.
        title (str): Heading.
        parts (list): What follows.
    """

    words: tuple
    title: str
    parts: list = field(default_factory=list)


def labels(budget: int) -> str:
    """A budget in words."""
    return f'{budget} labelled image' + ('s' if budget != 1 else '')


def faces(arm: StudyArm) -> str:
    """How many faces an arm was tested on."""
    images, people = len(arm.first.subjects), arm.first.num_subjects
    return (
        f'{images} test image{"s" if images != 1 else ""} of '
        f'{people} subject{"s" if people != 1 else ""}'
    )


def slug(*words: object) -> str:
    """A file name or anchor made of any words."""
    text = '_'.join(str(word) for word in words if str(word))
    kept = ''.join(c if c.isascii() and c.isalnum() else '_' for c in text)
    return '_'.join(filter(None, kept.lower().split('_'))) or 'all'


def me_text(cell: SystemErrors, ends=(None, None)) -> str:
    """ME ± SD, and below it the interval."""
    return with_interval(
        over_seeds(cell.mean_errors, 3, cell.deviation), *ends
    )


def over_seeds(values: np.ndarray, digits: int, sd=None) -> str:
    """Mean ± SD; the mean alone for a single seed."""
    text = number(float(values.mean()), digits)
    sd = spread(values) if sd is None else sd
    return f'{text} ± {number(sd, digits)}' if sd == sd else text


def change_text(value: float, relative: float | None = None) -> str:
    """A difference in pixels, and in percent if that is given."""
    text = number(value, 3, sign=True)
    if relative is not None and relative == relative:
        text += f' ({number(100 * relative, 1, sign=True)} %)'
    return text


def difference_text(found: Difference | None) -> str:
    """A difference with its intervals over faces and over seeds, too (t)."""
    if found is None:
        return ''
    text = change_text(found.mean, found.relative)
    for ends in (found.interval, t_ends(found)):
        text = with_interval(text, *ends, sign=True)
    return text


def t_ends(found: Difference) -> tuple[float, float]:
    """The t interval over faces and seeds."""
    return found.random_seeds.low, found.random_seeds.high


def p_text(value: float) -> str:
    """A p-value, at least a thousandth; a dash for NaN."""
    if value != value:
        return '–'
    return '< 0.001' if value < 0.001 else f'{value:.3f}'


def is_clear(found: Difference, p_holm: float) -> bool:
    """Whether a difference is shown over faces and over seeds."""
    low, high = t_ends(found)
    return p_holm < 0.05 and (low > 0 or high < 0)
