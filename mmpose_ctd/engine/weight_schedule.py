"""How a regulariser's weight changes while training."""

from collections.abc import Sequence
from typing import NamedTuple

from mmpose_ctd.errors import InputError
from mmpose_ctd.value_checks import check_choice, check_number

__all__ = ['WeightSchedule']

# The values of a segment, and their defaults.
_ONE = dict(factor=1.0)
_FACTORS = dict(
    constant=_ONE, stop=_ONE, linear=dict(start_factor=1.0, end_factor=0.0)
)


class _Segment(NamedTuple):
    shape: str
    begin: int
    end: int
    first: float
    last: float


class WeightSchedule:
    r"""A factor as a function of time, in segments.

    In a segment, with u = (t - begin) / (end - begin):

    ============  ======================================================
    ``constant``  ``factor``, and after it too
    ``stop``      ``factor``, after it 0
    ``linear``    first + (last - first) * u
    ============  ======================================================

    with first and last being ``start_factor`` and ``end_factor``. The last
    value is reached at ``end`` and holds until the next segment begins.
    Before the first segment its first value holds.

    Args:
        segments (dict or Sequence[dict]): In the order of time. Each has a
            ``type`` and, in epochs or iterations counted from 0, ``begin``
            (default: the end of the segment before, or 0) and ``end``
            (default: that of the training; required for ``stop``). Factors
            are >= 0; ``factor`` and ``start_factor`` are 1.0 by default,
            ``end_factor`` is 0.0.
        total (int): Epochs or iterations of the training.
        name (str): The schedule's name, for the errors.

    Raises:
        InputError: If a segment has an unknown type or key, a value of the
            wrong kind, does not end after it begins, or begins before the
            segment before it ends.
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
                where=name,
                found=repr(segments),
                expected="dict(type='linear', end=100), or a list of such",
            )
        self._total = total
        self._segments: list[_Segment] = []
        for config in segments:
            before = self._segments[-1].end if self._segments else 0
            segment = _segment(dict(config), before, total, name)
            if segment.begin < before:
                raise InputError(
                    where=f'{name}.begin',
                    found=str(segment.begin),
                    expected=f'at least {before}, the end of the segment '
                    'before',
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
                if shape != 'linear':
                    return first
                return first + (last - first) * (
                    (time - begin) / (end - begin)
                )
            value = last
        return value

    def last_active(self) -> int:
        """The last time of the training with a factor other than 0, or -1."""
        for time in reversed(range(self._total)):
            if self.factor(time):
                return time
        return -1


def _segment(config: dict, before: int, total: int, name: str) -> _Segment:
    shape = config.get('type')
    if shape == 'cosine':
        raise InputError(
            where=f'{name}.type',
            found=repr(shape),
            expected=f'one of {sorted(_FACTORS)}',
            cure="Replace 'cosine', which was removed, by 'linear'.",
        )
    check_choice(f'{name}.type', shape, _FACTORS)
    factors = _FACTORS[shape]
    known = {'type', 'begin', 'end', *factors}
    strange = sorted(map(str, set(config) - known))
    if strange:
        raise InputError(
            where=name,
            found=f'{strange} in a {shape!r} schedule',
            expected=f'only {sorted(known)} (by_epoch is an argument of the '
            'hook)',
        )
    if shape == 'stop' and config.get('end') is None:
        raise InputError(
            where=f'{name}.end',
            found="not set, but type='stop' needs it",
            expected='the time after which the weight is 0',
        )
    times = dict(begin=before, end=total)
    for key in times:
        value = config.get(key)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise InputError(
                where=f'{name}.{key}',
                found=repr(value),
                expected='a whole number >= 0',
            )
        times[key] = value
    if times['end'] <= times['begin']:
        raise InputError(
            where=f'{name}.end',
            found=str(times['end']),
            expected=f'more than begin={times["begin"]} (by default the '
            f'training ends it, at {total})',
        )
    values = []
    for key, default in factors.items():
        values.append(config.get(key, default))
        check_number(f'{name}.{key}', values[-1])
    if shape == 'stop':
        values.append(0.0)
    first, last = float(values[0]), float(values[-1])
    return _Segment(shape, times['begin'], times['end'], first, last)
