"""The list of all checks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .finding import Finding
from .survey import Survey
from .thresholds import Thresholds

__all__ = ['CHECKS', 'Check', 'register_check']

CheckFunction = Callable[[Survey, Thresholds], Iterator[Finding]]


@dataclass(frozen=True)
class Check:
    """A check that users can name.

    Attributes:
        name (str): For ``--ignore``.
        title (str): What it looks for.
        find (CheckFunction): Yields what it found.
    """

    name: str
    title: str
    find: CheckFunction


#: Name -> check, in the order in which they run and are reported.
CHECKS: dict[str, Check] = {}


def register_check(
    name: str, title: str
) -> Callable[[CheckFunction], CheckFunction]:
    """Add a check; a new one is a file in ``checks/``.

    Args:
        name (str): For ``--ignore``.
        title (str): What it looks for, in a few words.
    """

    def register(find: CheckFunction) -> CheckFunction:
        if name in CHECKS:
            raise ValueError(f'There are two checks of the name {name!r}.')
        CHECKS[name] = Check(name, title, find)
        return find

    return register
