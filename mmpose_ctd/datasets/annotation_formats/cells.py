"""Reads numbers, flags and people from the cells of tables of any country."""

import math
import re
from collections.abc import Iterable

from mmpose_ctd.errors import InputError

from .point_record import Refused

#: Decimal marks by their names in ``--decimal-mark``.
DECIMAL_MARKS = {'point': '.', 'comma': ','}

_MISSING = {
    *('', '-', '--', '.', '?', 'na', 'n/a', 'n.a.', 'n.a', 'nan', 'null'),
    *('none', 'missing', 'unknown', '#n/a', '#na', '#nv', '#n/d'),
}
# #REF!, #DIV/0!, ##### (a narrow column), Err:502 (LibreOffice); #12 is an id.
_ERROR = re.compile(r'#([^0-9]*|div/0[!?]?)|err:[0-9]+', re.I)
#: `float` would also read '1_0', 'infinity' and digits of other scripts.
NUMBER = re.compile(r'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?', re.I)
_MARKED = re.compile(r'[+-]?([0-9]*)([.,])([0-9]*)(e[+-]?[0-9]+)?', re.I)
# Groups of three digits or, as in India, two: 1.034.500, 10,34,500, 1'034.
# \s includes non-breaking spaces.
_GROUPED = re.compile(
    '[+-]?(?:'
    + '|'.join(
        rf'[0-9]{{1,3}}({mark}[0-9]{{3}})+|'
        rf'[0-9]{{1,2}}({mark}[0-9]{{2}})+{mark}[0-9]{{3}}'
        for mark in (r'\.', ',', "'", '\u2019', r'\s')
    )
    + ')'
)
_CURE = (
    'Say --decimal-mark point or --decimal-mark comma, or format the column '
    'without thousands separators.'
)
_SHOWN = {'true', 't', 'yes', 'y', 'visible', '2', 'ja', 'wahr', 'oui', 'vrai'}
_NOT_SHOWN = {
    *('false', 'f', 'no', 'n', '0', 'hidden', 'invisible', 'occluded'),
    *('absent', 'missing', 'not visible', 'nein', 'falsch', 'non', 'faux'),
}
_SEXES = {
    **dict.fromkeys(('f', 'female', 'girl', 'woman', 'w', 'weiblich'), 'f'),
    **dict.fromkeys(('femme', 'fille', 'féminin'), 'f'),
    **dict.fromkeys(('m', 'male', 'boy', 'man', 'männlich'), 'm'),
    **dict.fromkeys(('homme', 'garçon', 'masculin'), 'm'),
}
# A number that a spreadsheet shortened; an id such as 12E4 has no sign.
_EXPONENT = re.compile(r'[0-9]([.,][0-9]*)?E[+-][0-9]{2,}', re.I)
_OLDEST = 120


def is_missing_word(text: str) -> bool:
    """Whether a cell is empty or holds a word such as NA."""
    return text.strip().lower() in _MISSING


def _is_empty(text: str) -> bool:
    """Whether a cell has no value, or an error such as #REF! instead."""
    return is_missing_word(text) or bool(_ERROR.fullmatch(text.strip()))


def finite_or_nan(
    text: str, decimal: str = '.', grouped: bool = False
) -> float:
    """A number, or NaN for a missing value.

    ``grouped`` allows separated thousands, if the user stated the decimal
    mark.

    Raises:
        ValueError: If it is neither, or infinite.
    """
    text = text.strip().replace('\u2212', '-')
    if is_missing_word(text):
        return math.nan
    if grouped:
        whole, mark, rest = text.partition(decimal)
        if _GROUPED.fullmatch(whole):
            whole = re.sub(r'[^0-9+-]', '', whole)
        text = whole + mark + rest
    if decimal != '.':
        # Separated thousands, or a mistake.
        if '.' in text:
            raise ValueError(text)
        text = text.replace(decimal, '.')
    if not NUMBER.fullmatch(text) or math.isinf(number := float(text)):
        raise ValueError(text)
    return number


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
        cells (Iterable[tuple[str, str]]): Place and text of each number;
            other texts are ignored.
        stated (str, optional): What the user states is returned unchecked.
        points_are_decimal (bool): Whether a point is always a decimal mark,
            as in files that only programs write; commas may be, too.
        cure (str): Defaults to the options of ``mmpose_ctd prepare``.

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
        elif grouped is None and any(
            _GROUPED.fullmatch(text.partition(mark)[0]) for mark in '.,|'
        ):
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


def subject_of_cell(text: str) -> str:
    """The subject that a cell names; empty for a missing value or an error.

    Raises:
        Refused: If the cell holds a formula, or a number without its last
            digits. The error does not repeat the cell: reports name nobody.
    """
    text = text.strip()
    if _is_empty(text):
        return ''
    if text.startswith('='):
        raise Refused(
            'a formula as the subject',
            'its value',
            'Save the table as CSV with the values.',
        )
    if _EXPONENT.fullmatch(text):
        raise Refused(
            'a subject that is a number without its last digits, as 1.2E+12 '
            'is',
            'the whole id',
            'Format the column as text, enter the ids, save it again.',
        )
    return text


def sex_word(text: str) -> str | None:
    """``'f'`` or ``'m'``; ``''`` if missing; None for other words."""
    return '' if _is_empty(text) else _SEXES.get(text.strip().lower())


def person_texts(cells: dict[str, str]) -> dict[str, str]:
    """Subject, site, sex (or an unknown word for it) and other texts.

    Missing values are left out; Refused as by :func:`subject_of_cell`.
    """
    texts = dict(cells)
    if 'subject' in cells:
        texts['subject'] = subject_of_cell(cells['subject'])
    if 'site' in cells and is_missing_word(cells['site']):
        texts['site'] = ''
    if 'sex' in cells and (sex := sex_word(cells['sex'])) is not None:
        texts['sex'] = sex
    return {key: text for key, text in texts.items() if text}


def checked_age(years: float, text: str) -> float:
    """The age, if it is NaN or from 0 to 120; else Refused, with its cell."""
    if years < 0 or years > _OLDEST:
        raise Refused(f'age={text[:40]!r}', f'years from 0 to {_OLDEST}')
    return years
