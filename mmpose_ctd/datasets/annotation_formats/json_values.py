"""Values of a JSON file, which may be of any type."""

import math
import reprlib

from .point_record import Refused

__all__ = ['as_list', 'as_number', 'as_object', 'as_size', 'as_text']

# No photograph is larger, and no coordinate; beyond it sums may overflow.
_LARGEST = 1_000_000


def _refuse(value: object, where: str, expected: str) -> Refused:
    shown = reprlib.repr(value)
    return Refused(found=f'{where}={shown}'.lstrip('='), expected=expected)


def as_object(value: object, where: str) -> dict:
    """The value, if it is an object.

    Args:
        value (object): Of JSON.
        where (str): The path of its keys.

    Raises:
        Refused: If it is something else. So do the others.
    """
    if not isinstance(value, dict):
        raise _refuse(value, where, 'an object { }')
    return value


def as_list(value: object, where: str, length: int | None = None) -> list:
    """The value, if it is a list, of this length if one is given."""
    if not isinstance(value, list) or length not in (None, len(value)):
        many = '' if length is None else f' of {length}'
        raise _refuse(value, where, f'a list{many}')
    return value


def as_text(value: object, where: str) -> str:
    """The value, if it is text without control characters."""
    if not isinstance(value, str) or '\0' in value:
        raise _refuse(value, where, 'text')
    return value


def as_number(value: object, where: str) -> float:
    """The value, if it is a number or NaN; not infinite, not true."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    # An integer may have more digits than a float can take.
    if not is_number or abs(value) > 1e300:
        raise _refuse(value, where, 'a number')
    return float(value)


def as_size(content: dict, width: str, height: str) -> tuple[int, int] | None:
    """Width and height in whole pixels; None where neither is given."""
    sides = []
    for key in (width, height):
        value = content.get(key)
        if value is None:
            sides.append(None)
            continue
        number = as_number(value, key)
        if math.isnan(number) or number % 1 or not 1 <= number <= _LARGEST:
            raise _refuse(value, key, 'whole pixels')
        sides.append(int(number))
    return None if None in sides else tuple(sides)
