"""z-scores from a table of norms that the user brings."""

import math
from typing import NamedTuple

from mmpose_ctd.errors import InputError

from .photograph_table import Subject, cells, number, sex_of

__all__ = ['Norm', 'Norms']

_UNITS = {'mm': 'mm', 'px': 'px', 'deg': 'deg', 'degrees': 'deg', '1': '1'}
_MOMENTS = ('mean', 'sd')
_LMS = ('l', 'm', 's')


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
        normalized growth standards", Eur J Clin Nutr 44 (1990).
        """
        if self.moments:
            mean, sd = self.moments
            return (value - mean) / sd
        power, median, spread = self.lms
        if value <= 0:
            return float('nan')
        logs = math.log(value / median)
        # (x/M)^L - 1 of a small L would lose its digits.
        grown = math.expm1(power * logs) / power if power else logs
        return grown / spread


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
        InputError: If it cannot be used: a column, number or unit is wrong,
            or two rows are for the same child.
    """

    def __init__(self, path: str, units: dict[str, str]) -> None:
        titles, rows = cells(
            path, '--norms', ('age_min', 'age_max', *_MOMENTS, *_LMS)
        )
        missing = {'measure', 'age_min', 'age_max', 'unit'} - titles
        if missing or not (titles >= {*_MOMENTS} or titles >= {*_LMS}):
            raise InputError(
                f'--norms {path}: found the columns {sorted(titles)}; '
                'expected measure, sex, age_min, age_max, unit, and mean and '
                'sd, or l, m and s.'
            )
        self._norms: dict[str, list[Norm]] = {}
        for line, row in rows:
            where = f'--norms {path}, row {line}'
            name, norm = row['measure'], _norm(row, where)
            own = self._norms.setdefault(name, [])
            for other in own:
                if _overlap(norm, other):
                    raise InputError(
                        f'{where}: {name} of sex {norm.sex or "both"}, '
                        f'{norm.age_min:g} to {norm.age_max:g} years, '
                        'overlaps an earlier row; expected one for each age '
                        'and sex.'
                    )
            if name in units and norm.unit != units[name]:
                raise InputError(
                    f'{where}: {name} is in {norm.unit!r}, here it is '
                    f'measured in {units[name]!r}. '
                    + (
                        'Give the scale of the photographs: --mm-per-px, or '
                        'a column mm_per_px in --table.'
                        if norm.unit == 'mm'
                        else 'Convert the norms.'
                    )
                )
            own.append(norm)
        self.measures = [name for name in units if name in self._norms]
        self.unused = [name for name in self._norms if name not in units]
        if not self.measures:
            raise InputError(
                f'--norms {path}: none of its measures '
                f'({", ".join(self.unused[:5])}) is measured; they are '
                f'{", ".join(units)}.'
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
            f'{where}: age_min={row["age_min"]!r}, age_max='
            f'{row["age_max"]!r}; expected years, the first below the second '
            '(which is not included).'
        )
    unit = _UNITS.get(row['unit'].lower())
    if unit is None:
        raise InputError(
            f'{where}: unit={row["unit"]!r}; expected one of mm, px, deg, 1.'
        )
    moments = tuple(values[key] for key in _MOMENTS)
    lms = tuple(values[key] for key in _LMS)
    has = None not in moments, None not in lms
    if sum(has) != 1:
        raise InputError(
            f'{where}: expected either mean and sd, or l, m and s; found '
            + ('both.' if all(has) else 'neither whole.')
        )
    positive = moments[1:] if has[0] else lms[1:]
    if not min(positive) > 0:
        raise InputError(
            f'{where}: found {positive}; expected sd, or m and s, above 0.'
        )
    return Norm(
        sex_of(row, where),
        low,
        high,
        unit,
        moments if has[0] else None,
        lms if has[1] else None,
    )


def _overlap(one: Norm, other: Norm) -> bool:
    same = None in (one.sex, other.sex) or one.sex == other.sex
    return same and one.age_min < other.age_max and other.age_min < one.age_max
