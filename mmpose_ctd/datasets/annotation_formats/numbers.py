"""Reads numbers and flags from the cells of tables of any country."""

import math
import re
from collections.abc import Iterable

from mmpose_ctd.errors import InputError

#: Decimal marks by their names in ``--decimal-mark``.
DECIMAL_MARKS = {'point': '.', 'comma': ','}

_MISSING = {
    *('', '-', '--', '.', '?', 'na', 'n/a', 'n.a.', 'n.a', 'nan', 'null'),
    *('none', 'missing', 'unknown', '#n/a', '#na', '#nv', '#n/d'),
}
# #REF!, #DIV/0!, ##### (a narrow column), Err:502 (LibreOffice); #12 is an id.
_ERROR = re.compile(r'#([^0-9]*|div/0[!?]?)|err:[0-9]+', re.I)
# `float` would also read '1_0', 'infinity' and digits of other scripts.
_NUMBER = re.compile(r'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?', re.I)
_MARKED = re.compile(r'[+-]?([0-9]*)([.,])([0-9]*)(e[+-]?[0-9]+)?', re.I)
# Groups of three digits or, as in India, two: 1.034.500, 10,34,500, 1'034.
# \s includes non-breaking spaces.
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
    """Whether a cell is empty or holds a word such as NA."""
    return text.strip().lower() in _MISSING


def is_spreadsheet_error(text: str) -> bool:
    """Whether a cell holds an error such as #REF! instead of a value."""
    return _ERROR.fullmatch(text.strip()) is not None


def finite_or_nan(
    text: str, decimal: str = '.', grouped: bool = False
) -> float:
    """A number, or NaN for a missing value.

    Args:
        text (str): A cell.
        decimal (str): The decimal mark.
        grouped (bool): Whether thousands may be separated: True only if the
            user stated the decimal mark.

    Raises:
        ValueError: If it is neither, or infinite.
    """
    text = text.strip().replace('\u2212', '-')
    if is_missing_word(text):
        return math.nan
    if grouped:
        text = _ungrouped(text, decimal)
    if decimal != '.':
        # Separated thousands, or a mistake.
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
    """Find the decimal mark of the numbers of one file.

    ``1,034`` may be a thousand and thirty-four, or 1.034. Other numbers of
    the file decide: ``10,5`` and ``0,152`` have a decimal comma; so has
    ``512,125``, as no photograph has 100,000 pixels a side. If none decides,
    the number is refused.

    Args:
        cells (Iterable[tuple[str, str]]): Place and text of each number. Text
            that is not a number is ignored.
        stated (str, optional): The mark that the user states; it is returned
            unchecked.
        points_are_decimal (bool): Whether a point is always a decimal mark,
            as in files that only programs write. Decimal commas may occur as
            well then.
        cure (str): Defaults to the options of ``mmpose_ctd prepare``.

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
    """COCO's visibility of a cell: 0 missing, 1 hidden, 2 visible or empty.

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
