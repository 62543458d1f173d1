"""Reads CSV tables as spreadsheets of any country save them."""

import csv
import io
import math
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

import pandas as pd

from mmpose_ctd.errors import InputError
from mmpose_ctd.table_cells import original_cell

from ..text_files import read_text
from .cells import checked_age, decimal_mark, finite_or_nan, person_texts
from .foreign import refuse_foreign_table
from .point_record import Refused, repeated_name

#: Titles of known columns, in lower case without spaces or underscores.
SYNONYMS = {
    'image': 'image images file filename imagename imagefile photo photograph '
    'photoname picture foto bild bilddatei datei dateiname fichier '
    'nomfichier',
    'subject': 'subject subjectid patient patientid participant participantid '
    'person personid child childid caseid proband pid sid patientenid '
    'patientennummer patientennr patientnr idpatient',
    'site': 'site siteid centre center clinic hospital klinik clinique '
    'zentrum standort krankenhaus hôpital',
    'mm_per_px': 'mmperpx mmperpixel mm/px mm/pixel',
    'age': 'age ageyears age(years) alter alter(jahre) alterjahre âge '
    'âge(ans)',
    'sex': 'sex gender geschlecht sexe',
    'landmark': 'landmark landmarkname landmarkid point pointname name label '
    'keypoint punkt punktname',
    'x': 'x xpx xpixel coordx xcoord xcoordinate',
    'y': 'y ypx ypixel coordy ycoord ycoordinate',
    'visible': 'v vis visible visibility',
    'missing': 'missing ismissing absent',
    'width': 'width imagewidth',
    'height': 'height imageheight',
}
#: Keys of texts and of numbers that describe a photograph.
TEXTS = ('subject', 'site', 'sex')
NUMBERS = ('mm_per_px', 'age', 'width', 'height')
_KEYS = {
    word: key for key, words in SYNONYMS.items() for word in words.split()
}


def column_of(title: str) -> str | None:
    """The key of ``SYNONYMS`` for a title (subject for Patient ID) or None."""
    title = unicodedata.normalize('NFC', title).lower()
    return _KEYS.get(re.sub(r'[\s_.\-]', '', title))


def known_columns(
    table: pd.DataFrame, name: str, keys: Iterable[str]
) -> dict[str, str]:
    """Titles of wanted keys of ``SYNONYMS``; InputError if one has two."""
    found: dict[str, str] = {}
    for title in table.columns:
        key = column_of(title)
        if key not in keys:
            continue
        if key in found:
            raise InputError(
                where=name,
                found=f'the columns {found[key]!r} and {title!r} both look '
                f'like the {key}',
                expected='one',
                cure='Rename or delete the other.',
            )
        found[key] = title
    return found


def number_cells(
    table: pd.DataFrame, name: str, titles: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Place and text of each cell of some columns."""
    for title in titles:
        for number, text in zip(table.index, table[title]):
            yield f'{name}, row {number + 2}, column {title!r}', text


def number_reader(
    table: pd.DataFrame, name: str, titles: Iterable[str], stated: str | None
) -> Callable[[str], float]:
    """:func:`.finite_or_nan` with the decimal mark of some columns.

    Raises:
        InputError: If the mark is neither ``stated`` nor certain.
    """
    mark = decimal_mark(number_cells(table, name, titles), stated)
    return lambda text: finite_or_nan(text, mark, grouped=stated is not None)


def person_fields(
    row: dict, columns: dict[str, str], number: Callable[[str], float]
) -> dict:
    """What a row says of its photograph, without empty cells.

    ``columns`` has a title for each key that is kept: those of ``NUMBERS``,
    which ``number`` reads, and others, which are texts.

    Raises:
        Refused: If a number cannot be read, an age is not a person's, or a
            spreadsheet has spoilt a subject.
    """
    texts = {k: row[t] for k, t in columns.items() if k not in NUMBERS}
    fields = person_texts(texts)
    for key in NUMBERS:
        if key not in columns:
            continue
        text = row[columns[key]]
        try:
            value = number(text)
        except ValueError:
            expected = 'years' if key == 'age' else 'a number'
            raise Refused(f'{columns[key]}={text!r}', expected) from None
        if key == 'age':
            checked_age(value, text)
        if math.isfinite(value):
            fields[key] = value
    return fields


def read_table(
    path: str | os.PathLike, name: str
) -> tuple[pd.DataFrame, pd.Series]:
    """Read a CSV file of any delimiter and encoding.

    Returns:
        tuple[pd.DataFrame, pd.Series]: The table, each cell a stripped
        string; row ``i`` of its index is row ``i + 2`` of the file; a column
        without a title is called ``column 3``. And the number of cells of
        each row: spreadsheets omit empty last cells.

    Raises:
        InputError: If it is not a table with titles, or another tool's, a
            title is repeated, or a row has more cells than there are titles.
    """
    if str(path).lower().endswith(('.xlsx', '.xls', '.ods')):
        raise InputError(
            where=name,
            found='a spreadsheet',
            expected='a CSV file',
            cure='Save it as CSV (File, Save as) and give that.',
        )
    text = read_text(path, name).lstrip('\n')
    refuse_foreign_table(name, text)
    # Excel writes this first line in some countries.
    first, _, rest = text.partition('\n')
    if re.fullmatch(r'sep=.', first.strip(), re.I):
        text = rest.lstrip('\n')
    first = text.partition('\n')[0]
    delimiter = max(',;\t|', key=first.count)
    if delimiter not in first:
        raise InputError(
            where=name,
            found=f'its first row {first[:60]!r} has no columns',
            expected='titles separated by comma, semicolon or tab',
        )
    try:
        # pandas would rename repeated titles and fill short rows up.
        reader = csv.reader(
            io.StringIO(text),
            delimiter=delimiter,
            skipinitialspace=True,
            strict=True,
        )
        # Tables that we wrote quote names that a spreadsheet would run.
        rows = [
            [original_cell(cell.strip()) for cell in row] for row in reader
        ]
    except csv.Error as error:
        raise InputError(
            where=name,
            found=f'a table that cannot be read ({error})',
            cure='Quote cells that contain the delimiter or quotes.',
        ) from error
    width = len(rows[0])
    for number, row in enumerate(rows, 1):
        if any(row[width:]):
            hint = ': decimal commas? save with semicolons'
            raise InputError(
                where=f'{name}, row {number}',
                found=f'{len(row)} cells' + hint * (delimiter == ','),
                expected=f'{width}, as there are titles',
                cure='Quote cells that contain the delimiter.',
            )
    titles = [t or f'column {i}' for i, t in enumerate(rows[0], 1)]
    if repeated := repeated_name(titles):
        raise InputError(
            where=name,
            found=f'the titles {repeated[0]!r} and {repeated[1]!r} are one',
            expected='each title once',
            cure='Rename or delete one of the columns.',
        )
    cells = [row[:width] + [''] * (width - len(row)) for row in rows[1:]]
    table = pd.DataFrame(cells, columns=titles, dtype=str)
    # Joined tables repeat their titles.
    table = table[(table != '').any(axis=1) & (table != titles).any(axis=1)]
    lengths = pd.Series([*map(len, rows[1:])], dtype=int)
    return table, lengths.loc[table.index]
