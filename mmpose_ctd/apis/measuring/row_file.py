"""A table whose rows are written as they come, and a run that goes on."""

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence

from mmpose_ctd.errors import InputError
from mmpose_ctd.table_cells import original_cell, safe_row

__all__ = ['RowFile', 'names_in', 'write_json']

# By which Excel knows that a CSV is UTF-8.
_MARK = '\ufeff'
# Older versions wrote it before names that a spreadsheet would run.
_HERE = './'


class RowFile:
    """CSV rows, one after the other.

    They go to ``<path>.part``, which becomes ``<path>`` when the run is
    complete: a file of that name is never half a result.

    Args:
        path (str): The table.
        titles (Sequence[str]): Of its columns; the first tells rows apart.
        excel (bool): Whether a byte order mark comes first. Defaults to
            False.
        delimiter (str): Defaults to a comma.
        resume (bool): Whether to go on with the rows that are there, of an
            interrupted or a complete run. Defaults to False.

    Attributes:
        done (set[str]): First cells of the rows that are there already.

    Raises:
        InputError: If a table is there and ``resume`` is not given, or it
            has other columns.
    """

    def __init__(
        self,
        path: str,
        titles: Sequence[str],
        excel: bool = False,
        delimiter: str = ',',
        resume: bool = False,
    ) -> None:
        self.path, self.titles = path, list(titles)
        self._delimiter = delimiter
        self._part = f'{path}.part'
        self.done: set[str] = set()
        there = [p for p in (self._part, path) if os.path.exists(p)]
        if there and not resume:
            raise InputError(
                f'{there[0]} is there already: --resume goes on with it, '
                '--overwrite begins anew.'
            )
        if there:
            self._go_on(there[0])
        else:
            self._file = open(  # noqa: SIM115  (closed by close())
                self._part, 'w', encoding='utf-8', newline=''
            )
            self._file.write(_MARK if excel else '')
            self._writer().writerow(safe_row(self.titles))
            self._file.flush()

    def _writer(self):
        return csv.writer(
            self._file, delimiter=self._delimiter, lineterminator='\r\n'
        )

    def _go_on(self, path: str) -> None:
        """Take over the whole rows of a table; the last may be cut off."""
        part = f'{self._part}.new'
        with open(part, 'w', encoding='utf-8', newline='') as copy:
            copy.write(_MARK if _has_mark(path) else '')
            writer = csv.writer(
                copy, delimiter=self._delimiter, lineterminator='\r\n'
            )
            rows = _read(path, self._delimiter)
            # Without any row it was killed at its very beginning.
            titles = next(rows, self.titles)
            if [*map(original_cell, titles)] != self.titles:
                copy.close()
                os.remove(part)
                raise InputError(
                    f'--resume: {path} has other columns than this run would '
                    'write. Resume with the options of the first run, or '
                    'begin anew with --overwrite.'
                )
            writer.writerow(safe_row(self.titles))
            for row in rows:
                # A row that was being written when the run was killed.
                name = _name(row)
                if len(row) == len(self.titles) and name not in self.done:
                    writer.writerow(row)
                    self.done.add(name)
        os.replace(part, self._part)
        self._file = open(  # noqa: SIM115  (closed by close())
            self._part, 'a', encoding='utf-8', newline=''
        )

    def write(self, rows: Sequence[Mapping]) -> None:
        """Append rows; what one lacks stays empty.

        They are on the disc when this returns, whatever happens next.
        """
        writer = self._writer()
        for row in rows:
            cells = [row.get(title, '') for title in self.titles]
            writer.writerow(safe_row(cells))
            self.done.add(cells[0])
        self._file.flush()

    def close(self, complete: bool) -> None:
        """End; the table gets its name if the run is complete."""
        self._file.close()
        if complete:
            os.replace(self._part, self.path)


def names_in(path: str, delimiter: str) -> set[str]:
    """First cells of a table's rows, as :attr:`RowFile.done` has them."""
    rows = _read(path, delimiter)
    next(rows, None)
    return {_name(row) for row in rows if row}


def _name(row: list[str]) -> str:
    """The photograph of a row, as its file is called."""
    return original_cell(row[0]).removeprefix(_HERE) if row else ''


def _has_mark(path: str) -> bool:
    with open(path, 'rb') as file:
        return file.read(3) == _MARK.encode()


def _read(path: str, delimiter: str) -> Iterator[list[str]]:
    """Rows that end with a line end, as all complete ones do."""
    # Bytes: what was cut off may end within a character.
    with open(path, 'rb') as file:
        # A cell may hold a line end of its own, inside of quotes.
        pending = b''
        for line in file:
            pending += line
            if not pending.endswith(b'\r\n') or pending.count(b'"') % 2:
                continue
            try:
                text = pending.decode('utf-8-sig')
            except UnicodeDecodeError as error:
                raise InputError(
                    f'{path}: another program has saved it since, in another '
                    'encoding than UTF-8. Keep a copy, and begin anew with '
                    '--overwrite.'
                ) from error
            yield next(csv.reader([text], delimiter=delimiter))
            pending = b''


def write_json(
    table: str, path: str, delimiter: str, text: Sequence[str]
) -> None:
    """A table as a JSON list of objects, numbers as numbers.

    Args:
        table (str): CSV file of a :class:`RowFile`.
        path (str): JSON file to write; row by row, to a temporary name.
        delimiter (str): Of the table.
        text (Sequence[str]): Columns that are no numbers.
    """
    part = f'{path}.part'
    rows = _read(table, delimiter)
    titles = [*map(original_cell, next(rows))]
    with open(part, 'w', encoding='utf-8') as file:
        file.write('[')
        for i, row in enumerate(rows):
            content = {
                title: original_cell(value)
                if title in text
                else _number(value)
                for title, value in zip(titles, row)
            }
            file.write(',\n' if i else '\n')
            file.write(json.dumps(content, ensure_ascii=False))
        file.write('\n]\n')
    os.replace(part, path)


def _number(text: str) -> float | int | None:
    if text == '':
        return None
    number = float(text)
    return number if '.' in text or not number.is_integer() else int(number)
