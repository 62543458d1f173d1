"""What a check is: its findings, its thresholds, and the list of all checks.

A new check is a function with a decorator; docs/check.md shows one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum
from functools import partial
from typing import NamedTuple

from mmpose_ctd.errors import InputError
from mmpose_ctd.option_fields import flag, option


class Severity(IntEnum):
    """How much a finding matters."""

    #: Worth knowing.
    NOTE = 0
    #: Probably wrong: look at it.
    WARNING = 1
    #: Training refuses it, or it makes results worthless.
    ERROR = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class CheckFinding:
    """One problem that a check found."""

    severity: Severity
    #: What was found, what was expected, what to do, without the last full
    #: stop. No subject ids and no file names of images.
    message: str
    #: Positions of the image records concerned, from 0.
    photos: tuple[int, ...] = ()
    landmarks: tuple[str, ...] = ()
    #: Subject ids and file names concerned; shown on request only.
    names: tuple[str, ...] = ()
    #: Landmark -> where the other points expect it, in pixels of the image.
    expected: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    #: The value compared with the threshold.
    score: float | None = None
    #: The check's name; filled in when checks run.
    check: str = ''


#: Findings of one severity; they take the fields after it.
error = partial(CheckFinding, Severity.ERROR)
warning = partial(CheckFinding, Severity.WARNING)
note = partial(CheckFinding, Severity.NOTE)


def _number(default: float, text: str):
    return option(default, f'{text} (default: %(default)s)', metavar='NUMBER')


@dataclass(frozen=True)
class Thresholds:
    """Limits that checks compare with; each is a number above 0.

    Raises:
        InputError: If one is not.
    """

    outlier_z: float = _number(
        6.0, 'robust standard deviations that make a point an outlier'
    )
    min_faces: int = _number(
        10, 'labelled faces needed to compare faces with each other'
    )
    tilt: float = _number(45.0, 'degrees that a face may lean')
    aspect: float = _number(
        1.1, "largest ratio between two images' aspect ratios"
    )
    detail: float = _number(
        0.9, 'correlation of fine detail that makes two photographs one'
    )
    same_person: float = _number(
        0.55, 'similarity of two faces that makes two subjects one (--teacher)'
    )

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not 0 < value < float('inf'):
                raise InputError(
                    where=flag(item.name),
                    found=f'{value:g}',
                    expected='a number above 0',
                )


Findings = Iterator[CheckFinding]


class Check(NamedTuple):
    """A registered check: its title, and what takes a Survey."""

    title: str
    find: Callable[..., Findings]


#: Name -> check, in the order in which they run.
CHECKS: dict[str, Check] = {}


def register_check(name: str, title: str) -> Callable:
    """Add the decorated function to the checks.

    ``--ignore`` takes its name; the title says what it looks for.
    """

    def register(find: Callable[..., Findings]) -> Callable[..., Findings]:
        if name in CHECKS:
            raise ValueError(f'There are two checks named {name!r}.')
        CHECKS[name] = Check(title, find)
        return find

    return register
