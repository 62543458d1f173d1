"""How a regulariser's weight changes while training."""

from collections.abc import Sequence
from typing import NamedTuple

from mmpose_ctd.errors import InputError

__all__ = ['WeightSchedule']

# Progress u in [0, 1) -> share of the way from the first value to the last.
_SHAPES = dict(
    constant=lambda u: 0.0,
    stop=lambda u: 0.0,
    linear=lambda u: u,
)
# The values that a segment may name, and their defaults.
_ONE = dict(factor=1.0)
_TWO = dict(start_factor=1.0, end_factor=0.0)
_FACTORS = dict(constant=_ONE, stop=_ONE, linear=_TWO)


class _Segment(NamedTuple):
    shape: str
    begin: int
    end: int
    first: float
    last: float


class WeightSchedule:
    r"""A factor as a pure function of time, in segments.

    In a segment, with u = (t - begin) / (end - begin):

    ============  ======================================================
    ``constant``  ``factor``, and after it too
    ``stop``      ``factor``, after it 0
    ``linear``    first + (last - first) * u
    ============  ======================================================

    where first and last are ``start_factor`` and ``end_factor``. At ``end``
    the last value is reached; it holds until the next segment begins, or for
    good. Before the first segment its first value holds.

    Args:
        segments (dict or Sequence[dict]): In the order of time, each a
            ``type`` and, in epochs or iterations counted from 0, ``begin``
            (by default the end of the one before, or 0) and ``end`` (by
            default that of the training; a ``stop`` has to name it). Factors
            are >= 0; ``factor`` and ``start_factor`` are 1.0 by default,
            ``end_factor`` is 0.0.
        total (int): Epochs or iterations of the training.
        name (str): What the schedule is called, for the errors.

    Raises:
        InputError: If a segment has an unknown type or key, a value of the
            wrong kind, does not end after it begins, or begins before the
            one before it ends.
    """

    def __init__(
        self, segments: dict | Sequence[dict], total: int, name: str
    ) -> None:
        if isinstance(segments, dict):
            segments = [segments]
        if (
            not isinstance(segments, (list, tuple))
            or not segments
            or not all(isinstance(s, dict) for s in segments)
        ):
            raise InputError(
                f'{name}={segments!r}; expected '
                "dict(type='linear', end=100), or a list of such."
            )
        self._total = total
        self._segments: list[_Segment] = []
        for config in segments:
            before = self._segments[-1].end if self._segments else 0
            segment = _segment(dict(config), before, total, name)
            if segment.begin < before:
                raise InputError(
                    f'{name}: a segment begins at {segment.begin}, before '
                    f'the one before it ends at {before}. Let them follow '
                    'each other.'
                )
            self._segments.append(segment)

    @property
    def end(self) -> int:
        """When the last segment ends."""
        return self._segments[-1].end

    def factor(self, time: int) -> float:
        """The factor at an epoch or iteration, counted from 0."""
        value = self._segments[0].first
        for shape, begin, end, first, last in self._segments:
            if time < begin:
                break
            if time < end:
                share = _SHAPES[shape]((time - begin) / (end - begin))
                return first + (last - first) * share
            value = last
        return value

    def last_active(self) -> int:
        """The last time of the training with another factor than 0, or -1."""
        for time in reversed(range(self._total)):
            if self.factor(time):
                return time
        return -1


def _segment(config: dict, before: int, total: int, name: str) -> _Segment:
    shape = config.get('type')
    if shape not in _SHAPES:
        raise InputError(
            where=f'{name}.type',
            found=repr(shape),
            expected=f'one of {sorted(_SHAPES)}',
            cure="Replace 'cosine', which was removed, by 'linear'."
            if shape == 'cosine'
            else '',
        )
    factors = _FACTORS[shape]
    known = {'type', 'begin', 'end', *factors}
    strange = sorted(map(str, set(config) - known))
    if strange:
        raise InputError(
            f'{name}: a {shape!r} schedule has no {strange}; it takes '
            f'{sorted(known)} (by_epoch is an argument of the hook).'
        )
    if shape == 'stop' and config.get('end') is None:
        raise InputError(
            f"{name}: type='stop' needs the end after which the weight is 0."
        )
    times = dict(begin=before, end=total)
    for key in times:
        value = config.get(key)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise InputError(
                f'{name}: {key}={value!r}; expected a whole number >= 0.'
            )
        times[key] = value
    if times['end'] <= times['begin']:
        raise InputError(
            f'{name}: end={times["end"]} is not after begin='
            f'{times["begin"]}. Without end a segment lasts until the '
            f'training ends, at {total}.'
        )
    values = []
    for key, default in factors.items():
        value = config.get(key, default)
        number = isinstance(value, (int, float))
        if not number or not 0 <= value < float('inf'):
            raise InputError(
                f'{name}: {key}={value!r}; expected a number >= 0.'
            )
        values.append(float(value))
    if shape == 'stop':
        values.append(0.0)
    return _Segment(shape, times['begin'], times['end'], values[0], values[-1])
