"""Tables that a user brings: data of photographs, and norms for z-scores."""

import math
import os
import sys
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from mmpose_ctd.datasets.annotation_formats import Refused
from mmpose_ctd.datasets.annotation_formats.cells import (
    checked_age,
    decimal_mark,
    finite_or_nan,
    sex_word,
    subject_of_cell,
)
from mmpose_ctd.datasets.annotation_formats.table_file import (
    column_of,
    number_cells,
    read_table,
)
from mmpose_ctd.datasets.preparation.image_index import (
    ImageIndex,
    ImageNames,
    NotFound,
)
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.trained_people import compare_people

from .landmark_model import LandmarkModel


@dataclass(frozen=True)
class Subject:
    """What is known of a photograph; None where it is not.

    Attributes:
        mm_per_px (float, optional): Millimetres of a pixel.
        age (float, optional): Years.
        sex (str, optional): ``'f'`` or ``'m'``.
    """

    mm_per_px: float | None = None
    age: float | None = None
    sex: str | None = None


def unknown_age(age: float | None, trained: Collection[int]) -> bool:
    """Whether no training face is within a year, or a fifth, of an age.

    Faces change faster the younger they are. False if either is unknown.
    """
    if age is None or not trained:
        return False
    # Of 7.9 years are those who are 7.
    return min(max(year - age, age - year - 1) for year in trained) > max(
        1.0, 0.2 * age
    )


def age_range(ages: Collection[int]) -> str:
    """The youngest and the oldest, in words."""
    return f'{min(ages)} to {max(ages)}'


class PhotographTable:
    """A table with a row for each photograph.

    Args:
        path (str): CSV with a column ``file`` (names relative to the folder)
            and any of ``mm_per_px``, ``age``, ``sex`` and ``subject``; other
            columns are ignored.
        images (str): The folder of the photographs.

    Attributes:
        columns (set[str]): Which of these columns it has.
        rows (dict[str, Subject]): File, as the folder names it -> its row.
        people (dict[str, str]): File -> the subject it shows.
        unknown (list[str]): Names that are no photograph of the folder.
        dropped (str): Folders that all names begin with and that are taken
            for the folder.

    Raises:
        MissingFileError: If there is no such table.
        InputError: If a column is missing or a value cannot be used.
    """

    def __init__(self, path: str, images: str) -> None:
        name = f'--table {path}'
        titles, mark, rows = _cells(name, path, ('mm_per_px', 'age'))
        read = {'mm_per_px', 'age', 'sex', 'subject'}
        if 'image' not in titles or not titles & read:
            raise InputError(
                where=name,
                found=f'the columns {sorted(titles) or "none"}',
                expected='file, and any of mm_per_px, age, sex and subject',
            )
        self.columns = titles - {'image'}
        self.unknown: list[str] = []
        self.people: dict[str, str] = {}
        self.rows: dict[str, Subject] = {}
        asked = [row['image'] for _, row in rows]
        names = ImageNames(ImageIndex(images), asked)
        self.dropped = names.dropped
        problems = []
        for where, row in rows:
            try:
                self._read(row, names, mark, where)
            except InputError as error:
                problems.append(error)
        if len(problems) == 1:
            raise problems[0]
        if problems:
            # A person corrects them all at once.
            raise InputError(
                where=name,
                found=f'{len(problems)} rows that cannot be used:'
                + ''.join(
                    '\n  ' + str(one).removeprefix(f'{name}, ')
                    for one in problems
                ),
            )

    def _read(
        self, row: dict, names: ImageNames, mark: str, where: str
    ) -> None:
        try:
            age = _number(row, 'age', mark, where)
            if age is not None:
                age = checked_age(age, row['age'])
            person = subject_of_cell(row.get('subject', ''))
        except Refused as error:
            raise error.at(where) from None
        scale = _number(row, 'mm_per_px', mark, where, positive=True)
        subject = Subject(scale, age, _sex_of(row, where))
        try:
            file = row['image']
            if file not in names.index.paths:
                file = names.find(file)
        except NotFound as error:
            if error.candidates:
                raise InputError(
                    where=where, found=f'{row["image"]!r}: {error}'
                ) from error
            self.unknown.append(row['image'])
            return
        if file in self.rows:
            raise InputError(
                where=where,
                found=f'{row["image"]!r} is in an earlier row, too',
                expected='one row for each photograph',
            )
        self.rows[file] = subject
        if person:
            self.people[file] = person


def _cells(
    name: str, path: str, numbers: Collection[str]
) -> tuple[set[str], str, list[tuple[str, dict]]]:
    """Keys of a CSV's columns, its decimal mark, place and cells of each row.

    Columns with the keys ``numbers`` decide about the decimal mark.
    """
    try:
        table, _ = read_table(path, name)
    except FileNotFoundError as error:
        raise MissingFileError(where=name, found='no such file') from error
    keys = [column_of(t) or t.lower().replace(' ', '_') for t in table.columns]
    doubled = sorted({key for key in keys if key and keys.count(key) > 1})
    if doubled:
        both = [t for t, key in zip(table.columns, keys) if key == doubled[0]]
        raise InputError(
            where=name,
            found=f'two columns for {doubled[0]!r}: {both}',
            expected='one of them',
        )
    titles = [t for key, t in zip(keys, table.columns) if key in numbers]
    mark = decimal_mark(
        number_cells(table, name, titles),
        cure='Write numbers without thousands separators, and 1.034 with '
        'another digit: 1.0340.',
    )
    # Titles are in row 1 of what a spreadsheet shows.
    rows = [
        (f'{name}, row {line + 2}', dict(zip(keys, cells)))
        for line, cells in zip(table.index, table.values.tolist())
    ]
    return {*keys}, mark, rows


def _number(
    row: dict, key: str, mark: str, where: str, positive: bool = False
) -> float | None:
    """None if the cell is empty or missing."""
    text = row.get(key, '')
    try:
        value = finite_or_nan(text, mark)
        if positive and value <= 0:
            raise ValueError
    except ValueError:
        raise InputError(
            where=where,
            found=f'{key}={text!r}',
            expected=f'a number{" above 0" if positive else ""}, or an empty '
            'cell',
        ) from None
    return None if math.isnan(value) else value


def _sex_of(row: dict, where: str) -> str | None:
    """``'f'``, ``'m'``, or None if it is not known."""
    text = row.get('sex', '')
    sex = sex_word(text)
    if sex is None:
        raise InputError(
            where=where,
            found=f'sex={text!r}',
            expected='f or m (female, male), or an empty cell',
        )
    return sex or None


def load_table(
    path: str | None, folder: str, files: Collection[str] | None = None
) -> PhotographTable | None:
    """Read the table, if there is one; warn of rows that are not used.

    ``files`` are the photographs of the folder that are measured, if known.
    """
    if path is None:
        return None
    table = PhotographTable(path, folder)
    if table.dropped:
        print_warning(
            f'--table {path}: all names begin with {table.dropped!r}, which '
            'is taken for IMAGES.',
            'note',
        )
    if table.unknown:
        print_warning(
            f'--table {path}: {len(table.unknown)} rows are of no '
            f'photograph, such as {table.unknown[0]!r}.'
        )
    measured = table.rows.keys() if files is None else {*files}
    beyond = [file for file in table.rows if file not in measured]
    if beyond:
        print_warning(
            f'--table {path}: {len(beyond)} rows are of photographs in '
            f'subfolders, such as {beyond[0]!r}: --recursive reads them.'
        )
    return table


def warn_of_ages(
    table: PhotographTable | None, files: list[str], ages: Collection[int]
) -> None:
    """Warn of photographs of an age that no training face had."""
    if table is None:
        return
    rows = [table.rows[file] for file in files if file in table.rows]
    known = [row.age for row in rows if row.age is not None]
    if known and not ages:
        print_warning(
            'the ages of the training faces are not known: whether the model '
            'knows faces of these ages cannot be checked.',
            'note',
        )
    unknown = sum(unknown_age(age, ages) for age in known)
    if unknown:
        print_warning(
            f'{unknown} photographs are of an age that no training face had '
            f'({age_range(ages)} years): the errors of the model on them are '
            'not known. They get the status check.'
        )


def who_trained(
    model: LandmarkModel, path: str | None, table: PhotographTable | None
) -> set[str]:
    """Photographs of people who trained the model, as far as it is known."""
    dataset = (model.cfg.get('train_dataloader') or {}).get('dataset') or {}
    if table is None or not table.people or not dataset.get('ann_file'):
        return set()
    found = compare_people(
        model.trained,
        os.path.join(dataset.get('data_root') or '', dataset['ann_file']),
        {*table.people.values()},
    )
    files = {f for f, one in table.people.items() if one in found.trained}
    if files:
        print_warning(
            f'--table {path}: {len(files)} photographs are of people who '
            'trained the model. Its errors on them are smaller than on '
            'others.'
        )
    if found.note:
        print_warning(f'--table {path}: {found.note}', 'note')
    return files


def print_warning(message: str, kind: str = 'warning') -> None:
    """Print to stderr, in one line."""
    print(f'{kind}: {message}', file=sys.stderr)


# ------------------------------------------------------------------- norms

_UNITS = {'mm': 'mm', 'px': 'px', 'deg': 'deg', 'degrees': 'deg', '1': '1'}
_MOMENTS = ('mean', 'sd')
_LMS = ('l', 'm', 's')
_NUMBERS = ('age_min', 'age_max', *_MOMENTS, *_LMS)
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
        name = f'--norms {path}'
        titles, mark, rows = _cells(name, path, _NUMBERS)
        missing = {'measure', 'age_min', 'age_max', 'unit'} - titles
        if missing or not (titles >= {*_MOMENTS} or titles >= {*_LMS}):
            raise InputError(
                where=name,
                found=f'the columns {sorted(titles)}',
                expected=_COLUMNS,
            )
        self._norms: dict[str, list[Norm]] = {}
        for where, row in rows:
            measure, norm = row['measure'], _norm(row, mark, where)
            own = self._norms.setdefault(measure, [])
            if any(norm.overlaps(other) for other in own):
                raise InputError(
                    where=where,
                    found=f'{measure} of sex {norm.sex or "both"}, '
                    f'{norm.age_min:g} to {norm.age_max:g} years, overlaps '
                    'an earlier row',
                    expected='one row for each age and sex',
                )
            if norm.unit != units.get(measure, norm.unit):
                raise InputError(
                    where=where,
                    found=f'{measure} in {norm.unit!r}',
                    expected=f'{units[measure]!r}, in which it is measured',
                    cure='Give the scale of the photographs: --mm-per-px, or '
                    'a column mm_per_px in --table.'
                    if norm.unit == 'mm'
                    else 'Convert the norms.',
                )
            own.append(norm)
        self.measures = [one for one in units if one in self._norms]
        self.unused = [one for one in self._norms if one not in units]
        if not self.measures:
            raise InputError(
                where=name,
                found=f'none of its measures ({", ".join(self.unused[:5])}) '
                'is measured',
                expected=f'some of {", ".join(units)}',
            )

    def find(self, measure: str, subject: Subject) -> Norm | str:
        """The norm for a person, or the reason why it is missing."""
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


def _norm(row: dict, mark: str, where: str) -> Norm:
    if row.get('sex', '').lower() in ('both', 'any', 'all'):
        row = row | dict(sex='')
    values = {key: _number(row, key, mark, where) for key in _NUMBERS}
    given = [tuple(values[k] for k in ks) for ks in (_MOMENTS, _LMS)]
    moments, lms = (None if None in one else one for one in given)
    low, high = values['age_min'], values['age_max']
    unit = _UNITS.get(row['unit'].lower())
    given = [one for one in (moments, lms) if one]
    for fits, found, expected in (
        (
            low is not None and high is not None and low < high,
            f'age_min={row["age_min"]!r}, age_max={row["age_max"]!r}',
            'years, the first below the second (which is not included)',
        ),
        (unit, f'unit={row["unit"]!r}', 'one of mm, px, deg, 1'),
        (
            len(given) == 1,
            'both' if given else 'neither is complete',
            'either mean and sd, or l, m and s',
        ),
        # Not the mean, nor L.
        (
            all(min(one[1:]) > 0 for one in given),
            f'{given[0][1:] if given else ""}',
            'sd, or m and s, above 0',
        ),
    ):
        if not fits:
            raise InputError(where=where, found=found, expected=expected)
    return Norm(_sex_of(row, where), low, high, unit, moments, lms)
