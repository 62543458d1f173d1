"""What cells of tables say of a person: one rule for all tools."""

import re

from .numbers import is_missing_word, is_spreadsheet_error
from .point_record import Refused

__all__ = ['checked_age', 'person_texts', 'sex_word', 'subject_of_cell']

_SEXES = {
    **dict.fromkeys(('f', 'female', 'girl', 'woman', 'w', 'weiblich'), 'f'),
    **dict.fromkeys(('femme', 'fille', 'féminin'), 'f'),
    **dict.fromkeys(('m', 'male', 'boy', 'man', 'männlich'), 'm'),
    **dict.fromkeys(('homme', 'garçon', 'masculin'), 'm'),
}
# As spreadsheets write a number of more digits than a cell shows; an id such
# as 12E4 has no sign.
_EXPONENT = re.compile(r'[0-9]([.,][0-9]*)?E[+-][0-9]{2,}', re.I)
_OLDEST = 120


def subject_of_cell(text: str) -> str:
    """The subject that a cell names.

    Args:
        text (str): A cell.

    Returns:
        str: The subject; empty where the cell is empty, or holds a word for
        a missing value or an error of a spreadsheet.

    Raises:
        Refused: If the cell holds a formula, or a number of which a
            spreadsheet dropped digits. It does not repeat the cell, as
            reports name nobody.
    """
    text = text.strip()
    if is_missing_word(text) or is_spreadsheet_error(text):
        return ''
    if text.startswith('='):
        raise Refused(
            found='a formula as the subject',
            expected='what it gives',
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
    """``'f'`` or ``'m'``, ``''`` where it is missing, None for other words."""
    text = text.strip().lower()
    if is_missing_word(text) or is_spreadsheet_error(text):
        return ''
    return _SEXES.get(text)


def person_texts(cells: dict[str, str]) -> dict[str, str]:
    """Subject, site and sex as a set has them.

    Args:
        cells (dict[str, str]): Any of these -> the cell.

    Returns:
        dict[str, str]: Without those that are missing. A sex that is neither
        female nor male is kept as it is written.

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
    """An age, if a person can have it.

    Args:
        years (float): The number that was read, or NaN.
        text (str): The cell that it was read from.

    Raises:
        Refused: If it is negative or above 120.
    """
    if years < 0 or years > _OLDEST:
        raise Refused(
            found=f'age={text[:40]!r}', expected=f'years from 0 to {_OLDEST}'
        )
    return years
