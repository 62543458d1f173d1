"""What a user knows of the photographs: scale, age, sex, subject."""

import math
import os
import sys
from collections.abc import Collection
from dataclasses import dataclass

from mmpose_ctd.datasets.annotation_formats import Refused
from mmpose_ctd.datasets.annotation_formats.cells import (
    checked_age,
    decimal_mark,
    is_missing_word,
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


class PhotographTable:
    """A table with a row for each photograph.

    Args:
        path (str): CSV with a column ``file`` (names relative to the folder)
            and any of ``mm_per_px``, ``age``, ``sex`` and ``subject``; other
            columns are ignored.
        images (str): The folder of the photographs.

    Attributes:
        columns (set[str]): Which of these columns it has.
        people (dict[str, str]): File -> the subject it shows.
        unknown (list[str]): Names that are no photograph of the folder.
        dropped (str): Folders that all names begin with and that are taken
            for the folder.

    Raises:
        MissingFileError: If there is no such table.
        InputError: If a column is missing or a value cannot be used.
    """

    def __init__(self, path: str, images: str) -> None:
        titles, rows = cells(path, '--table', ('mm_per_px', 'age'))
        read = {'mm_per_px', 'age', 'sex', 'subject'}
        if 'image' not in titles or not titles & read:
            raise InputError(
                where=f'--table {path}',
                found=f'the columns {sorted(titles) or "none"}',
                expected='file, and any of mm_per_px, age, sex and subject',
            )
        self.columns = titles - {'image'}
        self.unknown: list[str] = []
        self.people: dict[str, str] = {}
        self._rows: dict[str, Subject] = {}
        names = ImageNames(
            ImageIndex(images), [row['image'] for _, row in rows]
        )
        for line, row in rows:
            where = f'--table {path}, row {line}'
            subject = Subject(
                number(row, 'mm_per_px', where, low=0.0),
                _age(row, where),
                sex_of(row, where),
            )
            try:
                file = names.find(row['image'])
            except NotFound as error:
                if error.candidates:
                    raise InputError(
                        where=where, found=f'{row["image"]!r}: {error}'
                    ) from error
                self.unknown.append(row['image'])
                continue
            if file in self._rows:
                raise InputError(
                    where=where,
                    found=f'{row["image"]!r} is in an earlier row, too',
                    expected='one row for each photograph',
                )
            self._rows[file] = subject
            try:
                person = subject_of_cell(row.get('subject', ''))
            except Refused as error:
                raise error.at(where) from None
            if person:
                self.people[file] = person
        self.dropped = names.dropped

    def get(self, file: str) -> Subject | None:
        """What is known of a photograph, by its name in the folder."""
        return self._rows.get(file)


def _age(row: dict, where: str) -> float | None:
    years = number(row, 'age', where)
    try:
        return years if years is None else checked_age(years, row['age'])
    except Refused as error:
        raise error.at(where) from None


def cells(
    path: str, option: str, numbers: Collection[str]
) -> tuple[set[str], list[tuple[int, dict]]]:
    """Rows of a CSV by what their columns hold.

    ``option`` names the table in errors; columns with the keys ``numbers``
    decide about the decimal mark.

    Returns:
        tuple[set, list]: Keys of the columns (of ``SYNONYMS``, or the title
        in lower case), and pairs of a row's number in the file and its cells
        by key.

    Raises:
        InputError: If it is no table, or two columns have one key.
    """
    name = f'{option} {path}'
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
    rows = []
    # Titles are in row 1 of what a spreadsheet shows.
    for line, values in zip(table.index, table.itertuples(index=False)):
        row = dict(zip(keys, values))
        if mark == ',':
            row |= {k: _with_point(row[k]) for k in numbers if k in row}
        rows.append((int(line) + 2, row))
    return set(keys), rows


def _with_point(value: str) -> str:
    plain = value.replace(',', '.', 1)
    return plain if _is_number(plain) else value


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def number(
    row: dict, key: str, where: str, low: float = -math.inf
) -> float | None:
    """A number above ``low``; None if the cell is empty or missing."""
    text = row.get(key, '')
    if is_missing_word(text):
        return None
    if not _is_number(text) or not float(text) > low:
        above = f' above {max(low, 0):g}' if low > -math.inf else ''
        raise InputError(
            where=where,
            found=f'{key}={text!r}',
            expected=f'a number{above}, or an empty cell',
        )
    return float(text)


def sex_of(row: dict, where: str) -> str | None:
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


def load_table(path: str | None, folder: str) -> PhotographTable | None:
    """Read the table, if there is one; warn of names that do not fit."""
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
    return table


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
