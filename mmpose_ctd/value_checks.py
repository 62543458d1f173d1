"""Checks of values in a config."""

from collections.abc import Iterable

from mmpose_ctd.errors import InputError


def check_number(where: str, value, least: float = 0) -> None:
    """Raise an InputError unless the value is finite and >= ``least``."""
    number = isinstance(value, (int, float))
    if not number or not least <= value < float('inf'):
        raise InputError(
            where=where, found=repr(value), expected=f'a number >= {least}'
        )


def check_choice(where: str, value, choices: Iterable[str]) -> None:
    """Raise an InputError unless the value is one of the choices."""
    if value not in choices:
        raise InputError(
            where=where,
            found=repr(value),
            expected=f'one of {sorted(choices)}',
        )
