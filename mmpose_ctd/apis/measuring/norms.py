"""z-scores from a table of norms that the user brings."""

import math
from typing import NamedTuple

from mmpose_ctd.errors import InputError

from .photograph_table import Subject, cells, number, sex_of

_UNITS = {'mm': 'mm', 'px': 'px', 'deg': 'deg', 'degrees': 'deg', '1': '1'}
_MOMENTS = ('mean', 'sd')
_LMS = ('l', 'm', 's')
_COLUMNS = 'measure, sex, age_min, age_max, unit, and mean and sd, or l, m, s'


class Norm(NamedTuple):
    """One row of the table.

    Attributes:
        sex (str, optional): ``'f'``, ``'m'`` or None for both.
        age_min (float): Years, included.
        age_max (float): Years, not included.
        unit (str): Of the measure.
        moments (tuple, optional): Mean and standard deviation.
        lms (tuple, optional): L, M and S.
    """

    sex: str | None
    age_min: float
    age_max: float
    unit: str
    moments: tuple | None
    lms: tuple | None

    def z(self, value: float) -> float:
        r"""How many standard deviations above the mean.

        .. math::
            z = \frac{x - \text{mean}}{\text{sd}} \quad\text{or}\quad
            z = \frac{(x / M)^L - 1}{L S}, \;
            z = \frac{\ln (x / M)}{S} \text{ for } L = 0

        The second from T. J. Cole, "The LMS method for constructing
        normalized growth standards", Eur J Clin Nutr 44 (1990); NaN for
        values that are not above 0.
        """
        if self.moments:
            mean, sd = self.moments
            return (value - mean) / sd
        power, median, spread = self.lms
        if value <= 0:
            return float('nan')
        logs = math.log(value / median)
        # (x/M)^L - 1 would lose the digits of a small L.
        grown = math.expm1(power * logs) / power if power else logs
        return grown / spread

    def overlaps(self, other: 'Norm') -> bool:
        """Whether both are for one person."""
        same = None in (self.sex, other.sex) or self.sex == other.sex
        return (
            same
            and self.age_min < other.age_max
            and other.age_min < self.age_max
        )


class Norms:
    """Norms by measure, sex and age.

    Args:
        path (str): CSV with the columns ``measure``, ``sex`` (f, m, or empty
            for both), ``age_min``, ``age_max`` (years; the second is not
            included), ``unit``, and ``mean`` and ``sd``, or ``l``, ``m`` and
            ``s``.
        units (dict[str, str]): Measure -> its unit here.

    Attributes:
        measures (list[str]): Which of the measures have norms.
        unused (list[str]): Measures of the table that are not measured.

    Raises:
        MissingFileError: If there is no such table.
        InputError: If a column, number or unit is wrong, or two rows are for
            one child.
    """

    def __init__(self, path: str, units: dict[str, str]) -> None:
        titles, rows = cells(
            path, '--norms', ('age_min', 'age_max', *_MOMENTS, *_LMS)
        )
        missing = {'measure', 'age_min', 'age_max', 'unit'} - titles
        if missing or not (titles >= {*_MOMENTS} or titles >= {*_LMS}):
            raise InputError(
                where=f'--norms {path}',
                found=f'the columns {sorted(titles)}',
                expected=_COLUMNS,
            )
        self._norms: dict[str, list[Norm]] = {}
        for line, row in rows:
            where = f'--norms {path}, row {line}'
            name, norm = row['measure'], _norm(row, where)
            own = self._norms.setdefault(name, [])
            if any(norm.overlaps(other) for other in own):
                raise InputError(
                    where=where,
                    found=f'{name} of sex {norm.sex or "both"}, '
                    f'{norm.age_min:g} to {norm.age_max:g} years, overlaps '
                    'an earlier row',
                    expected='one row for each age and sex',
                )
            if name in units and norm.unit != units[name]:
                raise InputError(
                    where=where,
                    found=f'{name} in {norm.unit!r}',
                    expected=f'{units[name]!r}, in which it is measured',
                    cure='Give the scale of the photographs: --mm-per-px, or '
                    'a column mm_per_px in --table.'
                    if norm.unit == 'mm'
                    else 'Convert the norms.',
                )
            own.append(norm)
        self.measures = [name for name in units if name in self._norms]
        self.unused = [name for name in self._norms if name not in units]
        if not self.measures:
            raise InputError(
                where=f'--norms {path}',
                found=f'none of its measures ({", ".join(self.unused[:5])}) '
                'is measured',
                expected=f'some of {", ".join(units)}',
            )

    def find(self, measure: str, subject: Subject) -> Norm | str:
        """The norm for a person, or in words why there is none."""
        if subject.age is None:
            return 'age unknown'
        own = self._norms[measure]
        if subject.sex is None and any(norm.sex for norm in own):
            return 'sex unknown'
        for norm in own:
            if (
                norm.sex in (None, subject.sex)
                and norm.age_min <= subject.age < norm.age_max
            ):
                return norm
        return 'age outside of the norms'


def _norm(row: dict, where: str) -> Norm:
    if row.get('sex', '').lower() in ('both', 'any', 'all'):
        row = row | dict(sex='')
    values = {
        key: number(row, key, where)
        for key in ('age_min', 'age_max', *_MOMENTS, *_LMS)
    }
    low, high = values['age_min'], values['age_max']
    if low is None or high is None or not low < high:
        raise InputError(
            where=where,
            found=f'age_min={row["age_min"]!r}, age_max={row["age_max"]!r}',
            expected='years, the first below the second (which is not '
            'included)',
        )
    unit = _UNITS.get(row['unit'].lower())
    if unit is None:
        raise InputError(
            where=where,
            found=f'unit={row["unit"]!r}',
            expected='one of mm, px, deg, 1',
        )
    moments = tuple(values[key] for key in _MOMENTS)
    lms = tuple(values[key] for key in _LMS)
    has = None not in moments, None not in lms
    if sum(has) != 1:
        raise InputError(
            where=where,
            found='both' if all(has) else 'neither is complete',
            expected='either mean and sd, or l, m and s',
        )
    positive = moments[1:] if has[0] else lms[1:]
    if not min(positive) > 0:
        raise InputError(
            where=where,
            found=f'{positive}',
            expected='sd, or m and s, above 0',
        )
    return Norm(
        sex_of(row, where),
        low,
        high,
        unit,
        moments if has[0] else None,
        lms if has[1] else None,
    )
