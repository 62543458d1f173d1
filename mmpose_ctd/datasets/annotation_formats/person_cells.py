"""Reads subject, sex, age and site from the cells of tables."""

import re

from .numbers import is_missing_word, is_spreadsheet_error
from .point_record import Refused

_SEXES = {
    **dict.fromkeys(('f', 'female', 'girl', 'woman', 'w', 'weiblich'), 'f'),
    **dict.fromkeys(('femme', 'fille', 'féminin'), 'f'),
    **dict.fromkeys(('m', 'male', 'boy', 'man', 'männlich'), 'm'),
    **dict.fromkeys(('homme', 'garçon', 'masculin'), 'm'),
}
# A number that a spreadsheet shortened; an id such as 12E4 has no sign.
_EXPONENT = re.compile(r'[0-9]([.,][0-9]*)?E[+-][0-9]{2,}', re.I)
_OLDEST = 120


def subject_of_cell(text: str) -> str:
    """The subject that a cell names; empty for a missing value or an error.

    Raises:
        Refused: If the cell holds a formula, or a number without its last
            digits. The error does not repeat the cell: reports name nobody.
    """
    text = text.strip()
    if is_missing_word(text) or is_spreadsheet_error(text):
        return ''
    if text.startswith('='):
        raise Refused(
            found='a formula as the subject',
            expected='its value',
            cure='Save the table as CSV with the values.',
        )
    if _EXPONENT.fullmatch(text):
        raise Refused(
            found='a subject that is a number without its last digits, as '
            '1.2E+12 is',
            expected='the whole id',
            cure='Format the column as text, enter the ids, save it again.',
        )
    return text


def sex_word(text: str) -> str | None:
    """``'f'`` or ``'m'``; ``''`` if missing; None for other words."""
    text = text.strip().lower()
    if is_missing_word(text) or is_spreadsheet_error(text):
        return ''
    return _SEXES.get(text)


def person_texts(cells: dict[str, str]) -> dict[str, str]:
    """Subject, site and sex as an annotation file holds them.

    Args:
        cells (dict[str, str]): ``subject``, ``site``, ``sex`` -> the cell.

    Returns:
        dict[str, str]: Without missing values. A word for the sex that is
        unknown here is kept.

    Raises:
        Refused: See :func:`subject_of_cell`.
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
    """The age, if it is NaN or from 0 to 120.

    Raises:
        Refused: If it is another number. ``text`` is its cell.
    """
    if years < 0 or years > _OLDEST:
        raise Refused(f'age={text[:40]!r}', f'years from 0 to {_OLDEST}')
    return years
