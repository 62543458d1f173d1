"""Reads numbers as people and programs of any country write them."""

import math
import re
from collections.abc import Iterable

from mmpose_ctd.errors import InputError

__all__ = [
    'DECIMAL_MARKS',
    'decimal_mark',
    'finite_or_nan',
    'is_missing_word',
    'is_spreadsheet_error',
    'visibility',
]

#: What ``--decimal-mark`` calls the marks.
DECIMAL_MARKS = {'point': '.', 'comma': ','}

_MISSING = {
    *('', '-', '--', '.', '?', 'na', 'n/a', 'n.a.', 'n.a', 'nan', 'null'),
    *('none', 'missing', 'unknown', '#n/a', '#na', '#nv', '#n/d'),
}
# Such as #REF!, #WERT! and #DIV/0!, a column that is too narrow, and those of
# LibreOffice; an id such as #12 has a digit.
_ERROR = re.compile(r'#([^0-9]*|div/0[!?]?)|err:[0-9]+', re.I)
# `float` alone would also read '1_0', 'infinity' and other scripts' digits.
_NUMBER = re.compile(r'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?', re.I)
_MARKED = re.compile(r'[+-]?([0-9]*)([.,])([0-9]*)(e[+-]?[0-9]+)?', re.I)
# Swiss and French thousands; \s has the non-breaking spaces. Groups are of
# three digits or, as in India, of two: 1.034.500 and 10,34,500.
_GROUPED = [
    re.compile(
        rf'[+-]?([0-9]{{1,3}}({mark}[0-9]{{3}})+|'
        rf'[0-9]{{1,2}}({mark}[0-9]{{2}})+{mark}[0-9]{{3}})'
    )
    for mark in (r'\.', ',', "'", '\u2019', r'\s')
]
_CURE = (
    'Say --decimal-mark point or --decimal-mark comma, or format the column '
    'without thousands separators.'
)


def is_missing_word(text: str) -> bool:
    """Whether a cell is empty or has a word for a missing value."""
    return text.strip().lower() in _MISSING


def is_spreadsheet_error(text: str) -> bool:
    """Whether a cell shows an error of a spreadsheet instead of a value."""
    return _ERROR.fullmatch(text.strip()) is not None


def finite_or_nan(
    text: str, decimal: str = '.', grouped: bool = False
) -> float:
    """A number, or NaN where a table has a word for a missing one.

    Args:
        text (str): A cell.
        decimal (str): The decimal mark. Defaults to a point.
        grouped (bool): Whether thousands may be separated, because the
            decimal mark is certain. Defaults to False.

    Raises:
        ValueError: If it is neither, or infinite.
    """
    text = text.strip().replace('\u2212', '-')
    if is_missing_word(text):
        return math.nan
    if grouped:
        text = _ungrouped(text, decimal)
    if decimal != '.':
        # A point separates thousands there, or is a mistake.
        if '.' in text:
            raise ValueError(text)
        text = text.replace(decimal, '.')
    if not _NUMBER.fullmatch(text) or math.isinf(number := float(text)):
        raise ValueError(text)
    return number


def _ungrouped(text: str, decimal: str) -> str:
    whole, mark, rest = text.partition(decimal)
    if any(pattern.fullmatch(whole) for pattern in _GROUPED):
        whole = re.sub(r'[^0-9+-]', '', whole)
    return whole + mark + rest


def decimal_mark(
    cells: Iterable[tuple[str, str]],
    stated: str | None = None,
    points_are_decimal: bool = False,
    cure: str = _CURE,
) -> str:
    """Find the decimal mark of numbers that were written by one program.

    ``1,034`` is a thousand and thirty-four or a little more than one. Other
    numbers of the same file show which: ``10,5`` and ``0,152`` have a
    decimal comma, and so has ``512,125``, as no photograph has 100,000
    pixels a side. Where none does, the number is refused.

    Args:
        cells (Iterable[tuple[str, str]]): Where a number stands, and its
            text. Text that is not a number is passed over.
        stated (str, optional): The mark that the user states; then nothing
            is refused here.
        points_are_decimal (bool): Whether a point is always a decimal mark,
            as in files that only programs write; decimal commas may then
            stand beside it. Defaults to False.
        cure (str): What a user can do. Defaults to the options of
            ``prepare_dataset.py``.

    Returns:
        str: ``'.'`` or ``','``.

    Raises:
        InputError: If a number can be read in two ways, thousands are
            separated, or both marks are decimal marks.
    """
    if stated is not None:
        return stated
    certain: dict[str, tuple[str, str]] = {}
    open_: dict[str, tuple[str, str]] = {}
    grouped = None
    for where, text in cells:
        text = text.strip()
        match = _MARKED.fullmatch(text)
        if match:
            whole, mark, decimals, exponent = match.groups()
            may_group = (
                len(decimals) == 3
                and whole[:1] not in ('', '0')
                and len(whole) < 3
                and not exponent
                and not (points_are_decimal and mark == '.')
            )
            (open_ if may_group else certain).setdefault(mark, (where, text))
        elif grouped is None and _has_groups(text):
            grouped = where, text
    if grouped is not None:
        raise InputError(
            where=grouped[0],
            found=f'the number {grouped[1]!r} has separated thousands',
            expected='numbers without them, unless the decimal mark is stated',
            cure=cure,
        )
    if len(certain) == 2 and not points_are_decimal:
        raise InputError(
            where=certain[','][0],
            found=f'decimal commas and points are mixed: {certain[","][1]!r} '
            f'here, {certain["."][1]!r} elsewhere',
            expected='one decimal mark',
            cure=cure,
        )
    mark = min(certain, default='.')
    doubtful = [m for m in open_ if m != mark or not certain]
    if doubtful:
        where, text = open_[doubtful[0]]
        raise InputError(
            where=where,
            found=f'the number {text!r}',
            expected='numbers that can be read in one way; this may be '
            f'{re.sub("[.,]", "", text)} or {text.replace(",", ".")}',
            cure=cure,
        )
    return mark


def _has_groups(text: str) -> bool:
    return any(
        pattern.fullmatch(text.partition(mark)[0])
        for mark in ('.', ',', '|')
        for pattern in _GROUPED
    )


_SHOWN = {'true', 't', 'yes', 'y', 'visible', '2', 'ja', 'wahr', 'oui', 'vrai'}
_NOT_SHOWN = {
    *('false', 'f', 'no', 'n', '0', 'hidden', 'invisible', 'occluded'),
    *('absent', 'missing', 'not visible', 'nein', 'falsch', 'non', 'faux'),
}


def visibility(text: str) -> int:
    """COCO's visibility, of a cell: 0 is missing, 1 hidden, 2 visible.

    An empty cell leaves it to the coordinates, which is 2.

    Raises:
        ValueError: If it is another word or number.
    """
    word = ' '.join(text.lower().split())
    if re.fullmatch(r'[012]\.0*', word):
        word = word[0]
    if word in _NOT_SHOWN:
        return 0
    if word == '1':
        return 1
    if word in _SHOWN or not word:
        return 2
    raise ValueError(text)
