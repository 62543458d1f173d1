"""What became of each record, and what looks wrong in a face or the set."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.table import Table
from rich.text import Text

from mmpose_ctd.errors import InputError, some_of
from mmpose_ctd.landmark_sides import partner_places, side_of

from ..checking.eye_distances import implausible_distance
from ..checking.sides import parallel

#: Rows of one kind beyond which the screen shows only the first ones.
SHOWN = 8

# Names of what is above and below in a face.
_UPPER = re.compile(r'canth|eye|brow|pupil|nasion|glabella|orbit', re.I)
_LOWER = re.compile(
    r'cheil|labr|stomion|gnath|subnas|philtr|lip|mouth|chin|menton|alar', re.I
)
# Landmarks of a face that span less or more, in mm, have a wrong scale.
_SPAN_MM = (5.0, 400.0)

# Code -> what a picture's note says, and the warning if most have it.
_FINDINGS = {
    'sides': (
        'landmarks of the right side lie at the right of the image; the '
        "subject's right is at the image's left: swapped names, or a "
        'mirrored photograph?',
        'MOST FACES HAVE LEFT AND RIGHT SWAPPED: _R must be the '
        "subject's right, which is at the image's left. Correct the names.",
    ),
    'names': (
        'right and left landmarks do not lie on two sides of the face: names '
        'that are off by one (--count-from), or another order of the points?',
        'MOST FACES HAVE THEIR NAMES AT OTHER POINTS: right and left '
        'landmarks do not lie on two sides of the face. Are the numbers of '
        'the points off by one? Use --count-from 0 or 1, or correct the '
        'names.',
    ),
    'sideways': (
        'left and right landmarks lie one above the other: was the '
        'photograph lying on its side when it was clicked (--frame)?',
        'MOST FACES LIE ON THEIR SIDE: the points were clicked in another '
        'frame. Use --frame stored or --frame upright.',
    ),
    'upside down': (
        'landmarks of the eyes lie below those of nose and mouth: another '
        'direction of y (--y-axis), or other names?',
        'MOST FACES ARE UPSIDE DOWN: the mouth is above the eyes. Use '
        '--y-axis up or --y-axis down, or correct the names.',
    ),
}


class LeftOut(Exception):
    """A record cannot be used: why, as :class:`RecordRow` has it."""

    def __init__(
        self, code: str, reason: str, candidates: Sequence[str] = ()
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.candidates = [*candidates]


@contextlib.contextmanager
def refused_as(code: str) -> Iterator[None]:
    """Leave a record out if a part of it is refused."""
    try:
        yield
    except InputError as error:
        raise LeftOut(code, str(error)) from error


@dataclass
class RecordRow:
    """A record of points.

    Attributes:
        number (int): From 1, in the files' order.
        source (str): Where it was read.
        image (str): Its photograph, as the file names it.
        picture (str): File name in the set; empty if it is left out.
        code (str): Why it is left out, in a word or two; else empty.
        reason (str): Why, in a sentence that names no file.
        candidates (list[str]): Photographs that it may be.
        notes (list[tuple[str, str]]): Code and text of what to look at,
            though it is in the set.
    """

    number: int
    source: str
    image: str
    picture: str = ''
    code: str = ''
    reason: str = ''
    candidates: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class PrepareReport:
    """The outcome of a preparation.

    Attributes:
        rows (dict[int, RecordRow]): By number.
        notes (list[str]): On the whole set; they may name files.
        warnings (list[str]): What must not be overlooked.
        out (Path, optional): The set; None if it was not made.
        subjects, points, landmarks, with_scale (int): Of the set: people,
            labelled points, K, and pictures with mm_per_px.
        used, left_out (list[RecordRow]): Records in the set and others.
    """

    rows: dict[int, RecordRow] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    out: Path | None = None
    dry_run: bool = False
    subjects: int = 0
    points: int = 0
    landmarks: int = 0
    with_scale: int = 0

    def leave_out(self, number: int, why: LeftOut) -> None:
        row = self.rows[number]
        row.code, row.reason = why.code, str(why)
        row.candidates = why.candidates

    @property
    def used(self) -> list[RecordRow]:
        return [row for row in self.rows.values() if not row.code]

    @property
    def left_out(self) -> list[RecordRow]:
        return [row for row in self.rows.values() if row.code]

    @property
    def exit_status(self) -> int:
        """0: all records are in the set; 1: some are left out; 2: all."""
        if not self.used:
            return 2
        return 1 if self.left_out else 0


def findings_table(report: PrepareReport, every: bool = False) -> Table | None:
    """A table of what to look at for a rich console, if there is anything.

    ``every`` shows all rows of a kind, not only the first few.
    """
    lines = []
    for row in report.left_out:
        text = row.reason
        if row.candidates:
            text += f': {some_of(row.candidates, 3)}'
        lines.append(('left out', row.code, row, text))
    for row in report.used:
        lines += [('look at', code, row, text) for code, text in row.notes]
    if not lines:
        return None
    table = Table('', 'finding', 'record', 'photograph', 'problem')
    for column in table.columns:
        column.overflow = 'fold'
    shown: Counter = Counter()
    totals = Counter((what, code) for what, code, _, _ in lines)
    for what, code, row, text in sorted(lines, key=lambda line: line[:2]):
        shown[what, code] += 1
        if every or shown[what, code] <= SHOWN:
            # Text, as file names may hold rich's markup.
            cells = (what, code, f'{row.number}: {row.source}', row.image)
            table.add_row(*map(Text, (*cells, text)))
        elif shown[what, code] == SHOWN + 1:
            more = totals[what, code] - SHOWN
            table.add_row(what, code, f'... {more} more', '', '')
    return table


def summary(report: PrepareReport) -> str:
    """The last lines: what was made, or why nothing was."""
    used, total = len(report.used), len(report.rows)
    text = f'{used} of {total} records'
    if not used:
        return f'{text} can be used; nothing was written.'
    text += (
        f' {"can be used" if report.dry_run else "are in the set"}: '
        f'{report.subjects} subjects, {report.landmarks} landmarks, '
        f'{report.points} of {used * report.landmarks} points labelled, '
        f'{report.with_scale} pictures with mm_per_px.'
    )
    left = Counter(row.code for row in report.left_out)
    if left:
        parts = ', '.join(f'{n} {code}' for code, n in left.most_common())
        text += f' Left out: {parts}.'
    return text


def face_notes(
    points: np.ndarray, labelled: np.ndarray, names: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Wrong names, swapped sides, faces upside down or on their side.

    Returns codes and texts for landmarks (K, 2) in the upright photograph,
    of which those ``labelled`` (K,) are known.
    """

    def found(*codes: str) -> list[tuple[str, str]]:
        return [(code, _FINDINGS[code][0]) for code in codes]

    across = np.array(
        [
            points[j] - points[i]
            for i, j in enumerate(partner_places(names))
            if i != j
            and side_of(names[i]) == 'R'
            and labelled[i]
            and labelled[j]
        ]
    ).reshape(-1, 2)
    # On a face that lies on its side the pairs are still parallel.
    if len(across) > 1 and not parallel(across @ (1, 1j)):
        return found('names')
    x, y = np.abs(across.mean(axis=0)) if len(across) else (0, 0)
    if y > x:
        return found('sideways')
    codes = []
    if (across[:, 0] < 0).sum() > len(across) / 2:
        codes.append('sides')
    upper, lower = (
        [i for i, n in enumerate(names) if labelled[i] and pattern.search(n)]
        for pattern in (_UPPER, _LOWER)
    )
    if upper and lower and points[upper, 1].mean() > points[lower, 1].mean():
        codes.append('upside down')
    return found(*codes)


def scale_notes(
    scale: float,
    points: np.ndarray,
    labelled: np.ndarray,
    names: tuple[str, ...],
) -> list[tuple[str, str]]:
    """A scale (mm a pixel) that makes the face too large or too small.

    The distance between the eyes decides if their corners or pupils are
    labelled, else the span of all landmarks.
    """
    points = np.where(labelled[:, None], points, np.nan)
    partners = partner_places(names)
    text = f'with {scale:.4g} mm a pixel the '
    eyes = implausible_distance(points, scale, names, partners)
    if eyes is not None:
        text += f'{eyes.what} are {eyes.length:.3g} mm apart; people have '
        return [('scale', f'{text}{eyes.low:.0f} to {eyes.high:.0f} mm')]
    points = points[labelled]
    if len(points) < 2:
        return []
    span = scale * float(np.ptp(points, axis=0).max())
    if _SPAN_MM[0] <= span <= _SPAN_MM[1]:
        return []
    text += f'landmarks span {span:.3g} mm, which no face does'
    return [('scale', text)]


def warn_of_most(report: PrepareReport) -> None:
    """Warn of findings that hold for most pictures of the set."""
    for code, (_, warning) in _FINDINGS.items():
        found = sum(code in dict(row.notes) for row in report.used)
        if found > len(report.used) / 2:
            report.warnings.append(warning)
