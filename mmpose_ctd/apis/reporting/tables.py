"""Numbers as the text of table cells."""

from collections.abc import Sequence

from mmpose_ctd.apis.error_tables import (
    interval,
    metric_cell,
    metric_heading,
    number,
)

__all__ = ['metric_cell', 'metric_heading', 'number', 'with_interval']


def with_interval(
    value: float | None, ends: Sequence, digits: int, sign: bool = False
) -> str:
    """A number with its interval in a second line, if that is known."""
    below = interval(*ends, digits, sign) if ends else ''
    return number(value, digits, sign) + (f'\n{below}' if below else '')
