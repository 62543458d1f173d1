"""The table of measures on the disc: written row by row, and resumed."""

import csv
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import astuple

from rich.console import Console

from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole
from mmpose_ctd.table_cells import original_cell, safe_row
from mmpose_ctd.version import __version__

from .calibrating import progress_bar
from .photographs import MeasuredPhotographs, printable
from .rows import Column

# By which Excel knows that a CSV is UTF-8.
_MARK = '\ufeff'
# Older versions wrote it before names that a spreadsheet would run.
_HERE = './'
_TEXT = ('file', 'status', 'remarks', 'start')
_ANEW = 'Resume with the settings of the first run, or use --overwrite.'


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

    ``<stem>.about.json`` beside it holds the settings and the meaning of each
    column. A run that was interrupted leaves ``<out>.part``.

    Args:
        photographs (MeasuredPhotographs): See :func:`.measure`.
        out (str): A ``.csv``.
        json_file (str, optional): Where to write the table as JSON, too.
        excel (bool): Whether a byte order mark comes first. Defaults to
            False.
        delimiter (str): Defaults to a comma.
        resume (bool): Whether to continue a table. Defaults to False.
        overwrite (bool): Whether to replace a table. Defaults to False.

    Returns:
        dict[str, int]: How many rows were written with each status.

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
    known = _subject_digests(photographs)
    if overwrite:
        for path in (out, f'{out}.part', about):
            if os.path.exists(path):
                os.remove(path)
    if resume:
        known = _check_resumed(photographs, out, about, run, known, delimiter)
    table = RowFile(out, photographs.columns, excel, delimiter, resume)
    meanings = {t: column.meaning for t, column in photographs.columns.items()}
    content = dict(run=run, columns=meanings, table=known)
    write_whole(about, json.dumps(content, indent=1).encode())
    try:
        counts = _write_rows(photographs, table)
    except BaseException:
        table.close(complete=False)
        raise
    table.close(complete=True)
    if json_file:
        os.makedirs(os.path.dirname(json_file) or '.', exist_ok=True)
        write_json(out, json_file, delimiter)
    return counts


def _write_rows(
    photographs: MeasuredPhotographs, table: 'RowFile'
) -> dict[str, int]:
    console = Console()
    total = len(photographs.files)
    done = sum(printable(file) in table.done for file in photographs.files)
    tenth = 10 * done // total
    counts: dict[str, int] = {}
    with progress_bar(console, disable=not console.is_terminal) as progress:
        task = progress.add_task('Photographs', total=total, completed=done)
        for row in photographs.rows(frozenset(table.done)):
            table.write(row)
            counts[row['status']] = counts.get(row['status'], 0) + 1
            done += 1
            progress.advance(task)
            # In a log, a line every tenth.
            if not console.is_terminal and 10 * done // total > tenth:
                tenth = 10 * done // total
                print(f'Photographs {done}/{total}', flush=True)
    return counts


# ---------------------------------------------------------------- the table


class RowFile:
    """A CSV file that is written row by row.

    Rows go to ``<path>.part``, which becomes ``<path>`` when the run is
    complete: a file of that name is never half a result.

    Attributes:
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
        self._delimiter = delimiter
        self._part = f'{path}.part'
        self.done: set[str] = set()
        old = _table_there(path)
        if old and not resume:
            raise InputError(
                where=old,
                found='it exists already',
                cure='--resume continues it, --overwrite replaces it.',
            )
        rows = self._whole_rows(old) if old else []
        if old:
            with open(old, 'rb') as file:
                excel = file.read(3) == _MARK.encode()
        draft = f'{self._part}.new'
        with open(draft, 'w', encoding='utf-8', newline='') as file:
            file.write(_MARK if excel else '')
            writer = self._writer(file)
            writer.writerow(safe_row(columns))
            writer.writerows(rows)
        os.replace(draft, self._part)
        self._file = open(  # noqa: SIM115  (closed by close())
            self._part, 'a', encoding='utf-8', newline=''
        )

    def _writer(self, file):
        return csv.writer(
            file, delimiter=self._delimiter, lineterminator='\r\n'
        )

    def _whole_rows(self, path: str) -> list[list[str]]:
        """Cells of the rows of a table; the last may be cut off."""
        rows = _read(path, self._delimiter)
        # Without any row it was killed at its very beginning.
        titles = next(rows, [*self.columns])
        if [*map(original_cell, titles)] != [*self.columns]:
            raise InputError(
                where=f'--resume: {path}',
                found='other columns than this run would write',
                cure=_ANEW,
            )
        found = []
        for row in rows:
            if len(row) == len(titles) and _name(row) not in self.done:
                found.append(row)
                self.done.add(_name(row))
        return found

    def write(self, row: Mapping) -> None:
        """Append a row; it is on the disc when this returns."""
        cells = [
            _cell(row.get(title), column.digits)
            for title, column in self.columns.items()
        ]
        self._writer(self._file).writerow(safe_row(cells))
        self._file.flush()
        self.done.add(cells[0])

    def close(self, complete: bool) -> None:
        """End; the table gets its name if the run is complete."""
        self._file.close()
        if complete:
            os.replace(self._part, self.path)


def _cell(value, digits: int | None):
    if value is None:
        return ''
    return value if digits is None else f'{value:.{digits}f}'


def _table_there(path: str) -> str | None:
    there = (p for p in (f'{path}.part', path) if os.path.exists(p))
    return next(there, None)


def _name(row: list[str]) -> str:
    """The photograph of a row, as its file is called."""
    return original_cell(row[0]).removeprefix(_HERE) if row else ''


def _read(path: str, delimiter: str) -> Iterator[list[str]]:
    """Rows that end with a line end, as all complete ones do."""
    # Bytes: what was cut off may end within a character.
    with open(path, 'rb') as file:
        # A quoted cell may hold a line end.
        pending = b''
        for line in file:
            pending += line
            if not pending.endswith(b'\r\n') or pending.count(b'"') % 2:
                continue
            try:
                text = pending.decode('utf-8-sig')
            except UnicodeDecodeError as error:
                raise InputError(
                    where=path,
                    found='another program has saved it since, in another '
                    'encoding than UTF-8',
                    cure='Keep a copy, and use --overwrite.',
                ) from error
            yield next(csv.reader([text], delimiter=delimiter))
            pending = b''


def write_json(table: str, path: str, delimiter: str = ',') -> None:
    """Write the CSV of a :class:`RowFile` as a JSON list of objects."""
    rows = _read(table, delimiter)
    titles = [*map(original_cell, next(rows))]
    objects = [
        json.dumps(
            {
                title: original_cell(value)
                if title in _TEXT
                else _number(value)
                for title, value in zip(titles, row)
            },
            ensure_ascii=False,
        )
        for row in rows
    ]
    text = '[\n' + ',\n'.join(objects) + '\n]\n'
    write_whole(path, text.encode())


def _number(text: str) -> float | int | None:
    if text == '':
        return None
    number = float(text)
    return number if '.' in text or not number.is_integer() else int(number)


# ----------------------------------------------------------------- resuming


def _subject_digests(photographs: MeasuredPhotographs) -> dict[str, str]:
    """Digest of a photograph's name -> of what the table says of it."""
    found = {}
    for file in photographs.files:
        subject = photographs.table and photographs.table.get(file)
        if subject and any(value is not None for value in astuple(subject)):
            found[_digest(printable(file))] = _digest(repr(astuple(subject)))
    return found


def _check_resumed(
    photographs: MeasuredPhotographs,
    out: str,
    about: str,
    run: dict,
    table: dict[str, str],
    delimiter: str,
) -> dict[str, str]:
    """Refuse to continue a table that was begun with other settings.

    ``run`` and ``table`` are the settings and the :func:`_subject_digests`
    of this run, the file ``about`` has those of the earlier one. Photographs
    that have changed since are counted in a warning; their rows stay.
    Returns ``table`` with the digests of photographs that are gone.
    """
    old = _table_there(out)
    if old is None:
        return table
    try:
        with open(about, encoding='utf-8') as file:
            content = json.load(file)
        before, known = dict(content['run']), content.get('table')
    except (OSError, ValueError, KeyError, TypeError):
        # Without it only the columns are compared.
        before, known = {}, None
    changed = dict.fromkeys(
        key.removesuffix('_sha256')
        for key, value in run.items()
        if before.get(key, value) != value
    )
    if changed:
        raise InputError(
            where='--resume',
            found=f'the table was begun with another {", ".join(changed)}',
            cure=_ANEW,
        )
    rows = _read(old, delimiter)
    next(rows, None)
    done = {_name(row) for row in rows if row}
    names = {file: printable(file) for file in photographs.files}
    there = [file for file, name in names.items() if name in done]
    if isinstance(known, dict):
        keys = {file: _digest(name) for file, name in names.items()}
        others = [f for f in there if known.get(keys[f]) != table.get(keys[f])]
        if others:
            raise InputError(
                where='--resume',
                found=f'--table has other values than before for '
                f'{len(others)} measured photographs, such as '
                f'{names[others[0]]!r}',
                cure=_ANEW,
            )
        gone = known.keys() - {*keys.values()}
        table = {key: known[key] for key in known if key in gone} | table
    since = os.path.getmtime(old)
    newer = [
        names[file]
        for file in there
        if _changed(os.path.join(photographs.folder, file)) > since
    ]
    if newer:
        print(
            f'warning: --resume: {len(newer)} measured photographs are newer '
            f'than the table, such as {newer[0]!r}; their rows stay. '
            '--overwrite measures all again.',
            file=sys.stderr,
        )
    return table


def _changed(path: str) -> float:
    try:
        return os.path.getmtime(path)
    except OSError:
        return 0.0


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
