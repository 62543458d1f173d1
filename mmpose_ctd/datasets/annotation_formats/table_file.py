"""Reads tables as spreadsheets save them, in any country's fashion."""

import io
import os
import re
import warnings
from collections.abc import Iterable

import pandas as pd

from mmpose_ctd.errors import InputError

from .text_file import read_text

__all__ = ['column_of', 'decimal_mark', 'mixed_number', 'read_table']

_DELIMITERS = ',;\t|'
_COMMA_NUMBER = re.compile(r'-?\d+,\d+')
_POINT_NUMBER = re.compile(r'-?\d+\.\d+')
# 1.034,5 and 1,034.5 and 1 034,5 and 1'034.5
_THOUSANDS = re.compile(
    r'-?\d{1,3}(?:(?:\.\d{3})+,\d+|(?:,\d{3})+\.\d+'
    r"|(?:['\u2019\s]\d{3})+(?:[.,]\d+)?)"
)

#: Names that columns go by, in lower case and without spaces or underscores.
SYNONYMS = {
    'image': 'image images file filename imagename imagefile photo photograph '
    'photoname picture foto bild bilddatei',
    'subject': 'subject subjectid patient patientid participant participantid '
    'person personid child childid caseid proband pid sid',
    'site': 'site siteid centre center clinic hospital',
    'mm_per_px': 'mmperpx mmperpixel mm/px mm/pixel',
    'age': 'age ageyears age(years)',
    'sex': 'sex gender',
    'landmark': 'landmark landmarkname landmarkid point pointname name label '
    'keypoint',
    'x': 'x xpx xpixel coordx xcoord xcoordinate',
    'y': 'y ypx ypixel coordy ycoord ycoordinate',
    'visible': 'v visible visibility',
    'width': 'width imagewidth',
    'height': 'height imageheight',
}
_SYNONYMS = {
    word: key for key, words in SYNONYMS.items() for word in words.split()
}


def column_of(title: str) -> str | None:
    """What a column holds, by its title: ``'Patient ID'`` is the subject.

    Args:
        title (str): As the table has it.

    Returns:
        str | None: A key of ``SYNONYMS``, or None for another column.
    """
    return _SYNONYMS.get(re.sub(r'[\s_.\-]', '', title).lower())


def decimal_mark(table: pd.DataFrame, delimiter: str) -> str:
    """Whether numbers are written 1.5 or 1,5.

    Args:
        table (pd.DataFrame): Of strings.
        delimiter (str): What separates its columns.
    """
    # There '1,234' may be a thousand: it is left to be no number at all.
    if delimiter == ',':
        return '.'
    commas = table.map(lambda v: bool(_COMMA_NUMBER.fullmatch(v.strip())))
    return ',' if commas.any().any() else '.'


def mixed_number(cells: Iterable[str], decimal: str) -> str | None:
    """Find a number that makes the others' marks doubtful.

    Args:
        cells (Iterable[str]): That should be numbers.
        decimal (str): The table's decimal mark.

    Returns:
        str | None: The first that has thousands parted, or a decimal point
        where others have a comma.
    """
    for cell in cells:
        other = decimal == ',' and _POINT_NUMBER.fullmatch(cell)
        if other or _THOUSANDS.fullmatch(cell):
            return cell
    return None


def read_table(path: str | os.PathLike, name: str) -> tuple[pd.DataFrame, str]:
    """Read a CSV file: its delimiter, encoding and decimal mark are found.

    Args:
        path (str | os.PathLike): The file.
        name (str): How messages call it.

    Returns:
        tuple[pd.DataFrame, str]: The table, all cells strings without spaces
        around, and its decimal mark.

    Raises:
        InputError: If it is no table with titles, or rows have more cells
            than there are titles.
    """
    if str(path).lower().endswith(('.xlsx', '.xls', '.ods')):
        raise InputError(
            f'{name}: a spreadsheet; save it as CSV (File, Save as) and give '
            'that.'
        )
    text = read_text(path, name).lstrip('\n')
    lines = [line for line in text.splitlines() if line.strip()]
    # Excel's own first line in some countries.
    if re.fullmatch(r'sep=.', lines[0].strip(), re.I):
        lines = lines[1:]
        text = '\n'.join(lines) + '\n'
    if not lines:
        raise InputError(f'{name}: has no row of titles.')
    counts = {mark: lines[0].count(mark) for mark in _DELIMITERS}
    delimiter = max(counts, key=counts.get)
    if not counts[delimiter]:
        raise InputError(
            f'{name}: its first row {lines[0][:60]!r} has no columns; '
            'expected titles separated by comma, semicolon or tab.'
        )
    try:
        with warnings.catch_warnings():
            # Else cells without a title would be dropped with a warning.
            warnings.simplefilter('error', pd.errors.ParserWarning)
            table = pd.read_csv(
                io.StringIO(text),
                sep=delimiter,
                dtype=str,
                keep_default_na=False,
                skipinitialspace=True,
                skip_blank_lines=False,
                index_col=False,
            )
    except (
        pd.errors.EmptyDataError,
        pd.errors.ParserError,
        pd.errors.ParserWarning,
    ) as error:
        reason = ' '.join(str(error).split())
        # Pandas speaks of its own arguments there.
        if 'index_col' in reason:
            reason = 'more cells than columns'
            if delimiter == ',':
                reason += ': decimal commas? save with semicolons'
        raise InputError(
            f'{name}: rows and titles do not fit together ({reason}). Quote '
            'cells that contain the delimiter.'
        ) from error
    table.columns = [str(title).strip() for title in table.columns]
    table = table.fillna('').astype(str).map(str.strip)
    table = table[(table != '').any(axis=1)]
    return table, decimal_mark(table, delimiter)
