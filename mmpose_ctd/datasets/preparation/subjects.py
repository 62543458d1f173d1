"""Who a photograph shows, and where it was taken."""

import os
import re

import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError

from ..annotation_formats import Refused
from ..annotation_formats.numbers import decimal_mark, finite_or_nan
from ..annotation_formats.person_cells import (
    checked_age,
    person_texts,
    sex_word,
)
from ..annotation_formats.table_file import (
    known_columns,
    number_cells,
    read_table,
)
from .image_index import ImageIndex, ImageNames, NotFound

__all__ = ['BadCell', 'SubjectTable', 'by_pattern', 'checked_pattern']

_NUMBERS = ('mm_per_px', 'age')
_TEXTS = ('subject', 'site', 'sex')
# Not "covid"; an "ID" alone may as well count the rows.
_ID = re.compile(r'(.*[\s_.\-])?(id|nr|no|number|code)', re.I)


class BadCell(Refused):
    """A cell of the table holds something else than its column should."""


class SubjectTable:
    """A table with a row for each photograph.

    Args:
        path (str): A CSV file with a column of photographs and some of
            subject, site, mm_per_px, age, sex.
        index (ImageIndex): The photographs.
        keep (tuple[str, ...]): Titles of further columns to take over.
        decimal (str, optional): The decimal mark that the user states; found
            out if None.
        roots (tuple[str, ...]): See :class:`.ImageNames`.

    Attributes:
        columns (dict[str, str]): What is taken over -> title.
        notes (list[str]): What is not.
        maybe_subjects (list[str]): Titles of columns that are not taken over
            and may be of subjects, such as ``record_id``.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it has no column of photographs, two rows for one, not
            the columns of ``keep``, or numbers that can be read in two ways.
    """

    def __init__(
        self,
        path: str,
        index: ImageIndex,
        keep: tuple[str, ...] = (),
        decimal: str | None = None,
        roots: tuple[str, ...] = (),
    ) -> None:
        self._roots = roots
        self.name = os.path.basename(path)
        if not os.path.isfile(path):
            raise MissingFileError(f'--table: {path!r} does not exist.')
        table, _ = read_table(path, self.name)
        wanted = table.drop(columns=[t for t in keep if t in table.columns])
        known = known_columns(wanted, self.name, ('image', *_TEXTS, *_NUMBERS))
        if 'image' not in known:
            raise InputError(
                where=self.name,
                found='no column of photographs among '
                f'{", ".join(map(repr, table.columns[:8]))}',
                expected='one called "image" or "file"',
            )
        absent = [title for title in keep if title not in table.columns]
        if absent:
            raise InputError(
                f'--keep-columns {absent[0]}: {self.name} has no such column.'
            )
        image = known.pop('image')
        titles = [known[key] for key in _NUMBERS if key in known]
        self._decimal = decimal_mark(
            number_cells(table, self.name, titles), decimal
        )
        self._grouped = decimal is not None
        self.columns = known | {title: title for title in keep}
        dropped = [
            title
            for title in table.columns
            if title != image and title not in self.columns.values()
        ]
        self.maybe_subjects = list(filter(_ID.fullmatch, dropped))
        self.notes = []
        if dropped:
            self.notes.append(
                f'{self.name}: columns that are not taken over: '
                f'{", ".join(dropped[:8])}{" ..." * (len(dropped) > 8)} '
                '(--keep-columns takes them)'
            )
        self._rows = self._match(table, image, index)
        self._look_at_sexes()

    def _look_at_sexes(self) -> None:
        """Norms know f and m; another word would find none, silently."""
        title = self.columns.get('sex')
        words = {row[title] for row in self._rows.values()} if title else ()
        others = sorted(word for word in words if sex_word(word) is None)
        if others:
            self.notes.append(
                f'{self.name}: {title}={", ".join(map(repr, others[:5]))}'
                f'{" ..." * (len(others) > 5)} is taken over as it is; norms '
                'know f and m'
            )

    def _match(self, table, image: str, index: ImageIndex) -> dict:
        rows: dict[str, dict] = {}
        strangers = []
        names = ImageNames(index, table[image], self._roots)
        for number, row in zip(table.index, table.to_dict('records')):
            try:
                path = names.find(row[image])
            except NotFound:
                strangers.append(str(number + 2))
                continue
            if path in rows and rows[path] != row:
                raise InputError(
                    f'{self.name}, row {number + 2}: a second, different row '
                    f'for the photograph {path!r}. Leave one.'
                )
            rows[path] = row
        self.notes += names.notes(self.name)
        if strangers:
            self.notes.append(
                f'{self.name}: {len(strangers)} rows are of no photograph in '
                f'IMAGES, or of several (row {", ".join(strangers[:5])}'
                f'{" ..." * (len(strangers) > 5)})'
            )
        return rows

    def fields(self, path: str) -> dict:
        """What the table says of a photograph.

        Args:
            path (str): A member of the index.

        Returns:
            dict: Subject and the like; without empty cells.

        Raises:
            Refused: If it has no row.
            BadCell: If it has a number that is none, an age that nobody
                has, or a subject that a spreadsheet has spoilt.
        """
        if path not in self._rows:
            raise Refused(f'has no row in {self.name}')
        cells = {k: self._rows[path][t] for k, t in self.columns.items()}
        texts = {k: cells[k] for k in cells if k not in _NUMBERS}
        try:
            fields = person_texts(texts)
            for key in _NUMBERS:
                value = self._number(key, cells.get(key, ''))
                if np.isfinite(value):
                    fields[key] = value
        except Refused as error:
            raise BadCell(f'{self.name}: {error}') from None
        return fields

    def _number(self, key: str, text: str) -> float:
        try:
            value = finite_or_nan(text, self._decimal, self._grouped)
        except ValueError:
            raise Refused(
                f'{self.columns[key]}={text!r} is no number'
                + (', expected years' if key == 'age' else '')
            ) from None
        return checked_age(value, text) if key == 'age' else value


def checked_pattern(text: str) -> re.Pattern:
    """Compile ``--subject-pattern``.

    Raises:
        InputError: If it is no regular expression, or marks no subject.
    """
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise InputError(
            f'--subject-pattern {text!r}: no regular expression ({error}).'
        ) from error
    if not pattern.groups:
        raise InputError(
            f'--subject-pattern {text!r}: put what names the subject in '
            "brackets, such as '^([A-Z]+[0-9]+)_'; (?P<site>...) may mark "
            'the site.'
        )
    return pattern


def by_pattern(pattern: re.Pattern, path: str) -> dict:
    """Subject, and perhaps site, from a photograph's file name.

    Raises:
        Refused: If the pattern does not fit.
    """
    match = pattern.search(path.split('/')[-1])
    if match is None:
        raise Refused('--subject-pattern does not fit its file name')
    groups = match.groupdict()
    fields = {k: groups[k] for k in ('subject', 'site') if groups.get(k)}
    if 'subject' not in pattern.groupindex:
        fields['subject'] = match[1]
    if not fields.get('subject'):
        raise Refused('--subject-pattern finds no subject in its file name')
    return fields
