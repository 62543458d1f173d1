"""The table of measures on the disc: written row by row, and resumed."""

import csv
import hashlib
import io
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path

from rich.progress import track

from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole
from mmpose_ctd.table_cells import original_cell, safe_row
from mmpose_ctd.version import __version__

from .photographs import MeasuredPhotographs, printable
from .rows import Column
from .user_tables import print_warning

# By which Excel knows that a CSV is UTF-8.
_MARK = '\ufeff'
_TEXT = ('file', 'status', 'remarks', 'start')


def write_measures(
    photographs: MeasuredPhotographs,
    out: str,
    *,
    json_file: str | None = None,
    excel: bool = False,
    delimiter: str = ',',
    resume: bool = False,
    overwrite: bool = False,
) -> dict[str, int]:
    """Measure photographs into a table.

    ``<stem>.about.json`` next to it holds the settings and the meaning of
    each column. An interrupted run leaves ``<out>.part``.

    Args:
        photographs (MeasuredPhotographs): See :func:`.measure`.
        out (str): A ``.csv``.
        json_file (str, optional): Where to write the table as JSON, too.
        excel (bool): Whether a byte order mark comes first.
        delimiter (str): Between cells.
        resume (bool): Whether to continue a table.
        overwrite (bool): Whether to replace a table.

    Returns:
        dict[str, int]: Status -> how many rows were written with it.

    Raises:
        InputError: If there is a table and neither ``resume`` nor
            ``overwrite``, or it was begun with other settings.
    """
    os.makedirs(os.path.dirname(out) or '.', exist_ok=True)
    about = f'{out[: -len(".csv")]}.about.json'
    run = dict(
        program=f'mmpose_ctd {__version__}',
        **photographs.settings,
        delimiter=delimiter,
    )
    if overwrite:
        for path in (out, f'{out}.part', about):
            Path(path).unlink(missing_ok=True)
    table = RowFile(out, photographs.columns, excel, delimiter, resume)
    known = _subject_digests(photographs)
    if table.old:
        known = _check_resumed(photographs, table, about, run, known)
    meanings = {t: column.meaning for t, column in photographs.columns.items()}
    content = dict(run=run, columns=meanings, table=known)
    done = frozenset(table.done)
    left = [f for f in photographs.files if printable(f) not in done]
    counts: Counter = Counter()
    total, drawn = len(left), sys.stdout.isatty()
    rows = track(
        photographs.rows(done), 'Photographs', total, disable=not drawn
    )
    with table:
        write_whole(about, json.dumps(content, indent=1).encode())
        for number, row in enumerate(rows, start=1):
            table.write(row)
            counts[row['status']] += 1
            # In a log, a line every tenth.
            if not drawn and 10 * number // total > 10 * (number - 1) // total:
                print(f'Photographs {number}/{total}', flush=True)
    if json_file:
        os.makedirs(os.path.dirname(json_file) or '.', exist_ok=True)
        write_json(out, json_file, delimiter)
    return dict(counts)


# ---------------------------------------------------------------- the table


class RowFile:
    """A CSV file that is written row by row, inside a ``with`` block.

    Rows go to ``<path>.part``, which becomes ``<path>`` when the block ends
    without an exception: a file of that name is never half a result.

    Attributes:
        old (str, optional): The table that is continued.
        done (set[str]): First cells of the rows that are there.

    Raises:
        InputError: If a table is there and ``resume`` is not given, or it
            has other columns.
    """

    def __init__(
        self,
        path: str,
        columns: Mapping[str, Column],
        excel: bool = False,
        delimiter: str = ',',
        resume: bool = False,
    ) -> None:
        self.path, self.columns = path, columns
        self._excel, self._delimiter = excel, delimiter
        self.done: set[str] = set()
        self._rows: list[list[str]] = []
        there = (p for p in (f'{path}.part', path) if os.path.exists(p))
        self.old = next(there, None)
        if not self.old:
            return
        if not resume:
            raise InputError(
                where=self.old,
                found='it exists already',
                cure='--resume continues it, --overwrite replaces it.',
            )
        rows = _whole_rows(self.old, delimiter)
        # Without any row it was killed at its very beginning.
        self._titles = rows.pop(0) if rows else [*columns]
        with open(self.old, 'rb') as file:
            self._excel = file.read(3) == _MARK.encode()
        for row in rows:
            name = original_cell(row[0]) if row else ''
            if len(row) == len(self._titles) and name not in self.done:
                self._rows.append(row)
                self.done.add(name)

    def __enter__(self) -> 'RowFile':
        if self.old and [*map(original_cell, self._titles)] != [*self.columns]:
            raise _other_run(
                f': {self.old}', 'other columns than this run would write'
            )
        text = io.StringIO(newline='')
        text.write(_MARK if self._excel else '')
        self._writer(text).writerows([safe_row(self.columns), *self._rows])
        write_whole(f'{self.path}.part', text.getvalue().encode())
        self._file = open(
            f'{self.path}.part', 'a', encoding='utf-8', newline=''
        )
        return self

    def __exit__(self, kind, *_) -> None:
        self._file.close()
        if kind is None:
            os.replace(f'{self.path}.part', self.path)

    def _writer(self, file):
        return csv.writer(
            file, delimiter=self._delimiter, lineterminator='\r\n'
        )

    def write(self, row: Mapping) -> None:
        """Append a row; it is on the disc when this returns."""
        cells = [
            _cell(row.get(title), column.digits)
            for title, column in self.columns.items()
        ]
        self._writer(self._file).writerow(safe_row(cells))
        self._file.flush()
        self.done.add(cells[0])


def _cell(value, digits: int | None):
    if value is None:
        return ''
    return value if digits is None else f'{value:.{digits}f}'


def _whole_rows(path: str, delimiter: str) -> list[list[str]]:
    """Cells of the complete rows; the last row may be cut off."""
    # Bytes: what was cut off may end within a character.
    data = Path(path).read_bytes()
    data = data[: data.rfind(b'\r\n') + 2] if b'\r\n' in data else b''
    try:
        text = data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise InputError(
            where=path,
            found='another program has saved it since, in another encoding '
            'than UTF-8',
            cure='Keep a copy, and use --overwrite.',
        ) from error
    rows = [*csv.reader(io.StringIO(text, newline=''), delimiter=delimiter)]
    # The line end of an open quoted cell ends no row.
    return rows[:-1] if data.count(b'"') % 2 else rows


def write_json(table: str, path: str, delimiter: str = ',') -> None:
    """Write the CSV of a :class:`RowFile` as a JSON list of objects."""
    titles, *rows = _whole_rows(table, delimiter)
    titles = [*map(original_cell, titles)]
    objects = [
        {
            title: original_cell(value) if title in _TEXT else _number(value)
            for title, value in zip(titles, row)
        }
        for row in rows
    ]
    lines = (json.dumps(one, ensure_ascii=False) for one in objects)
    write_whole(path, ('[\n' + ',\n'.join(lines) + '\n]\n').encode())


def _number(text: str) -> float | int | None:
    if text == '':
        return None
    number = float(text)
    return number if '.' in text or not number.is_integer() else int(number)


# ----------------------------------------------------------------- resuming


def _other_run(where: str, found: str) -> InputError:
    return InputError(
        where=f'--resume{where}',
        found=found,
        cure='Resume with the settings of the first run, or use --overwrite.',
    )


def _subject_digests(photographs: MeasuredPhotographs) -> dict[str, str]:
    """Digest of a photograph's name -> of its row in the user's table."""
    found = {}
    for file in photographs.files:
        subject = photographs.subject_of(file)
        if subject and any(value is not None for value in astuple(subject)):
            found[_digest(printable(file))] = _digest(repr(astuple(subject)))
    return found


def _check_resumed(
    photographs: MeasuredPhotographs,
    table: RowFile,
    about: str,
    run: dict,
    known: dict[str, str],
) -> dict[str, str]:
    """Refuse to continue a table that was begun with other settings.

    The file ``about`` has those of the earlier run. Returns ``known`` with
    the digests of photographs that are gone.
    """
    try:
        content = json.loads(Path(about).read_text(encoding='utf-8'))
        before, earlier = dict(content['run']), content.get('table')
    except (OSError, ValueError, KeyError, TypeError):
        # Without it only the columns are compared.
        before, earlier = {}, None
    changed = dict.fromkeys(
        key.removesuffix('_sha256')
        for key, value in run.items()
        if before.get(key, value) != value
    )
    if changed:
        raise _other_run(
            '', f'the table was begun with another {", ".join(changed)}'
        )
    names = {file: printable(file) for file in photographs.files}
    there = {f: name for f, name in names.items() if name in table.done}
    if isinstance(earlier, dict):
        keys = {name: _digest(name) for name in names.values()}
        others = [
            name
            for name in there.values()
            if earlier.get(keys[name]) != known.get(keys[name])
        ]
        if others:
            raise _other_run(
                '',
                f'--table has other values than before for {len(others)} '
                f'measured photographs, such as {others[0]!r}',
            )
        gone = earlier.keys() - {*keys.values()}
        known = {k: v for k, v in earlier.items() if k in gone} | known
    since = os.path.getmtime(table.old)
    newer = [
        name
        for file, name in there.items()
        if os.path.exists(path := os.path.join(photographs.folder, file))
        and os.path.getmtime(path) > since
    ]
    if newer:
        print_warning(
            f'--resume: {len(newer)} measured photographs are newer than the '
            f'table, such as {newer[0]!r}; their rows stay. --overwrite '
            'measures all again.'
        )
    return known


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
