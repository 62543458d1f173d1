"""Cells of tables that no spreadsheet runs as a formula.

Excel and LibreOffice run a cell that begins with ``=`` and some other signs;
it may start programs or send data away. File names, subjects and column titles
come from others, so every table is written through :func:`safe_cell`;
:func:`original_cell` returns the text.
"""

import csv
import io
from collections.abc import Iterable

# With the wide forms, which East Asian versions of spreadsheets take as well.
_SIGNS = ('=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠')
_QUOTE = "'"


def safe_cell(value):
    """A cell that no spreadsheet runs: the text behind an apostrophe.

    Only text is changed, and no number that is written as text.
    """
    if not isinstance(value, str) or not value.startswith((*_SIGNS, _QUOTE)):
        return value
    # An apostrophe of its own is doubled where it would be taken for ours.
    begins = value.lstrip(_QUOTE).startswith(_SIGNS)
    if not begins or _is_number(value):
        return value
    return _QUOTE + value


def original_cell(text: str) -> str:
    """The text of which :func:`safe_cell` made a cell."""
    if text.startswith(_QUOTE) and text.lstrip(_QUOTE).startswith(_SIGNS):
        return text[1:]
    return text


def safe_row(values: Iterable) -> list:
    """A row of cells, see :func:`safe_cell`."""
    return [safe_cell(value) for value in values]


def csv_text(titles: Iterable, rows: Iterable[Iterable]) -> str:
    """A CSV with Windows' line ends, its cells see :func:`safe_cell`."""
    text = io.StringIO(newline='')
    writer = csv.writer(text, lineterminator='\r\n')
    writer.writerow(titles)
    writer.writerows(map(safe_row, rows))
    return text.getvalue()


def _is_number(text: str) -> bool:
    # `float` alone takes '-1_0' and '-1\n' as well.
    if not text.isascii() or '_' in text or text != text.strip():
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True
