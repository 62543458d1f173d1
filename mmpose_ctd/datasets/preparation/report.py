"""What became of each record: collected, shown and written."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from rich.table import Table
from rich.text import Text

from mmpose_ctd.files import write_whole
from mmpose_ctd.table_cells import safe_cell

#: Rows of one kind beyond which the screen shows only the first ones.
SHOWN = 8


@dataclass
class RecordRow:
    """A record of points.

    Attributes:
        number (int): From 1, in the files' order.
        source (str): Where it was read.
        image (str): Its photograph, as the file names it.
        picture (str): File name in the set; empty if it is left out.
        code (str): Why it is left out, in a word or two; else empty.
        reason (str): Why, in a sentence that names no file.
        candidates (list[str]): Photographs that it may be.
        notes (list[tuple[str, str]]): Code and text of what to look at,
            though it is in the set.
    """

    number: int
    source: str
    image: str
    picture: str = ''
    code: str = ''
    reason: str = ''
    candidates: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class PrepareReport:
    """The outcome of a preparation.

    Attributes:
        rows (dict[int, RecordRow]): By number.
        notes (list[str]): On the whole set; they may name files.
        warnings (list[str]): What must not be overlooked.
        out (Path, optional): The set; None if it was not made.
        dry_run (bool): Whether nothing should be written.
        subjects (int): In the set.
        points (int): Labelled landmarks in the set.
        landmarks (int): K.
        with_scale (int): Pictures with mm_per_px.
        used, left_out (list[RecordRow]): Records in the set and others.
    """

    rows: dict[int, RecordRow] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    out: Path | None = None
    dry_run: bool = False
    subjects: int = 0
    points: int = 0
    landmarks: int = 0
    with_scale: int = 0

    def add_record(self, number: int, source: str, image: str) -> None:
        """Add a row; arguments of :class:`RecordRow`."""
        self.rows[number] = RecordRow(number, source, image)

    def leave_out(
        self,
        number: int,
        code: str,
        reason: str,
        candidates: Sequence[str] = (),
    ) -> None:
        """Leave a record out; arguments of :class:`RecordRow`."""
        row = self.rows[number]
        row.code, row.reason = code, reason
        row.candidates = [*candidates]

    @property
    def used(self) -> list[RecordRow]:
        return [row for row in self.rows.values() if not row.code]

    @property
    def left_out(self) -> list[RecordRow]:
        return [row for row in self.rows.values() if row.code]

    @property
    def exit_status(self) -> int:
        """0: all records are in the set; 1: some are left out; 2: all."""
        if not self.used:
            return 2
        return 1 if self.left_out else 0


def some_of(values: Sequence, most: int = 8) -> str:
    """The first few of many values, in words."""
    return ', '.join(map(str, values[:most])) + ' ...' * (len(values) > most)


def findings_table(report: PrepareReport, every: bool = False) -> Table | None:
    """A table of what to look at for a rich console, if there is anything.

    ``every`` shows all rows of a kind, not only the first few.
    """
    lines = []
    for row in report.left_out:
        text = row.reason
        if row.candidates:
            text += f': {some_of(row.candidates, 3)}'
        lines.append(('left out', row.code, row, text))
    for row in report.used:
        lines += [('look at', code, row, text) for code, text in row.notes]
    if not lines:
        return None
    table = Table('', 'finding', 'record', 'photograph', 'problem')
    for column in table.columns:
        column.overflow = 'fold'
    shown: Counter = Counter()
    totals = Counter((what, code) for what, code, _, _ in lines)
    for what, code, row, text in sorted(lines, key=lambda line: line[:2]):
        shown[what, code] += 1
        if every or shown[what, code] <= SHOWN:
            # Text, as file names may hold rich's markup.
            cells = (what, code, f'{row.number}: {row.source}', row.image)
            table.add_row(*map(Text, (*cells, text)))
        elif shown[what, code] == SHOWN + 1:
            more = totals[what, code] - SHOWN
            table.add_row(what, code, f'... {more} more', '', '')
    return table


def summary(report: PrepareReport) -> str:
    """The last lines: what was made, or why nothing was."""
    used, total = len(report.used), len(report.rows)
    text = f'{used} of {total} records'
    if not used:
        return f'{text} can be used; nothing was written.'
    text += (
        f' {"can be used" if report.dry_run else "are in the set"}: '
        f'{report.subjects} subjects, {report.landmarks} landmarks, '
        f'{report.points} of {used * report.landmarks} points labelled, '
        f'{report.with_scale} pictures with mm_per_px.'
    )
    left = Counter(row.code for row in report.left_out)
    if left:
        parts = ', '.join(f'{n} {code}' for code, n in left.most_common())
        text += f' Left out: {parts}.'
    return text


def write_report(report: PrepareReport, folder: Path, names: bool) -> None:
    """Write report.csv and report.json.

    ``names`` of files and photographs may name people.
    """
    rows = []
    for row in report.rows.values():
        entry = {
            'record': row.number,
            'status': 'left out' if row.code else 'in the set',
            'picture': row.picture,
            'finding': row.code or '; '.join(code for code, _ in row.notes),
            'what': row.reason or '; '.join(text for _, text in row.notes),
        }
        if names:
            entry |= {
                'source': row.source,
                'photograph': row.image,
                'candidates': '; '.join(row.candidates),
            }
        rows.append(entry)
    table = pd.DataFrame(rows).map(safe_cell)
    text = table.to_csv(index=False, lineterminator='\r\n')
    # Excel recognises UTF-8 only with a byte-order mark.
    write_whole(folder / 'report.csv', text.encode('utf-8-sig'))
    content = {
        'records': len(report.rows),
        'in_the_set': len(report.used),
        'left_out': dict(Counter(row.code for row in report.left_out)),
        'subjects': report.subjects,
        'landmarks': report.landmarks,
        'points': report.points,
        'with_mm_per_px': report.with_scale,
        'rows': rows,
    }
    write_whole(folder / 'report.json', json.dumps(content, indent=1).encode())
