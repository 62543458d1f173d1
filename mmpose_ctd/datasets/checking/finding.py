"""What a check tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

__all__ = ['Finding', 'Severity']


class Severity(IntEnum):
    """How much a finding matters."""

    #: Worth knowing.
    NOTE = 0
    #: Probably wrong; somebody should look.
    WARNING = 1
    #: Wrong: training refuses it, or its results would say nothing.
    ERROR = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    Attributes:
        severity (Severity): How much it matters.
        message (str): What was found, what was expected, how to mend it.
            It holds no subject id and no file name of an image.
        photos (tuple[int, ...]): Places of the image records it is about,
            from 0.
        landmarks (tuple[str, ...]): The landmarks it is about.
        names (tuple[str, ...]): Subject ids and file names that it is about,
            shown when asked for.
        expected (Mapping[str, tuple[float, float]]): Landmark -> where the
            others expect it, in pixels of the image.
        score (float, optional): What was compared with the threshold.
        check (str): The check's name; the runner fills it in.
    """

    severity: Severity
    message: str
    photos: tuple[int, ...] = ()
    landmarks: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    expected: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    score: float | None = None
    check: str = ''
