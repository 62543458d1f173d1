"""Who a photograph shows, and where it was taken.

The subject comes from the table (``--table``), the file name
(``--subject-pattern``), the folder (``--subject-from``), or the record.
"""

import os
import re
from collections.abc import Iterable

from mmpose_ctd.errors import InputError, MissingFileError, some_of

from ..annotation_formats.cells import sex_word
from ..annotation_formats.table_file import (
    TEXTS,
    known_columns,
    number_reader,
    person_fields,
    read_table,
)
from ..image_fields import taken_names
from .image_index import ImageIndex, ImageNames, NotFound
from .options import PrepareOptions
from .report import LeftOut, refused_as

_NUMBERS = ('mm_per_px', 'age')
# Not "covid"; an "ID" alone may also number the rows.
_ID = re.compile(r'(.*[\s_.\-])?(id|nr|no|number|code)', re.I)
# Fields of an image record that preparation writes itself.
_OWN = {'id', 'file_name', 'width', 'height', 'source_crop', 'source_size'}


class SubjectTable:
    """A CSV table with a row for each photograph.

    Attributes:
        columns (dict[str, str]): What is kept -> title.
        notes (list[str]): What is not.
        maybe_subjects (list[str]): Titles of columns that are not kept and
            may name subjects, such as ``record_id``.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it has no column of photographs, two rows for one, not
            the columns to keep, one of a title that a set uses for something
            else, or numbers that can be read in two ways.
    """

    def __init__(
        self, path: str, index: ImageIndex, options: PrepareOptions
    ) -> None:
        keep, decimal = options.keep_columns, options.reading.decimal
        self.name = os.path.basename(path)
        if not os.path.isfile(path):
            raise MissingFileError(
                where='--table', found=f'{path!r} does not exist'
            )
        table, _ = read_table(path, self.name)
        wanted = table.drop(columns=[t for t in keep if t in table.columns])
        known = known_columns(wanted, self.name, ('image', *TEXTS, *_NUMBERS))
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
                where=f'--keep-columns {absent[0]}',
                found=f'{self.name} has no such column',
            )
        image = known.pop('image')
        titles = [known[key] for key in _NUMBERS if key in known]
        self._number = number_reader(table, self.name, titles, decimal)
        self.columns = known | {title: title for title in keep}
        taken = {*taken_names(dict.fromkeys(self.columns), ())}
        taken |= _OWN & {*self.columns}
        if taken:
            raise InputError(
                where=f'--keep-columns {sorted(taken)[0]}',
                found='a name that is used for something else',
                cure='Rename the column.',
            )
        kept = {image, *self.columns.values()}
        dropped = [title for title in table.columns if title not in kept]
        self.maybe_subjects = list(filter(_ID.fullmatch, dropped))
        self.notes = []
        if dropped:
            self.notes.append(
                f'{self.name}: columns that are not kept: '
                f'{some_of(dropped)} (--keep-columns keeps them)'
            )
        self._rows = self._match(table, image, index, options.image_root)
        # Norms know f and m; another word would find none, silently.
        title = self.columns.get('sex')
        words = {row[title] for row in self._rows.values()} if title else ()
        others = sorted(word for word in words if sex_word(word) is None)
        if others:
            self.notes.append(
                f'{self.name}: {title}={some_of([*map(repr, others)], 5)} is '
                'kept as it is; norms know f and m'
            )

    def _match(self, table, image: str, index: ImageIndex, roots) -> dict:
        rows: dict[str, dict] = {}
        strangers = []
        names = ImageNames(index, table[image], roots)
        for number, row in zip(table.index, table.to_dict('records')):
            try:
                path = names.find(row[image])
            except NotFound:
                strangers.append(str(number + 2))
                continue
            if path in rows and rows[path] != row:
                raise InputError(
                    where=f'{self.name}, row {number + 2}',
                    found='a second, different row for the photograph '
                    f'{path!r}',
                    cure='Leave one.',
                )
            rows[path] = row
        self.notes += names.notes(self.name)
        if strangers:
            self.notes.append(
                f'{self.name}: {len(strangers)} rows name no photograph in '
                f'IMAGES, or several (row {some_of(strangers, 5)})'
            )
        return rows

    def fields(self, path: str) -> dict:
        """What the table says about a photograph, without empty cells.

        Raises:
            LeftOut: If it has no row, or a cell cannot be used.
        """
        if path not in self._rows:
            raise _unknown(f'has no row in {self.name}')
        with refused_as('bad cell'):
            return person_fields(self._rows[path], self.columns, self._number)


def who_is_shown(
    path: str,
    known: dict,
    options: PrepareOptions,
    table: SubjectTable | None,
) -> dict:
    """Subject, site and the like of a photograph.

    What the user states overrides what its record says, ``known``.

    Raises:
        LeftOut: If the subject or the site cannot be found, or a cell of the
            table cannot be used.
    """
    fields = dict(known)
    folders = path.split('/')[:-1]
    has_sites = options.site_from == 'folder'
    if has_sites:
        if not folders:
            raise _unknown('lies in no folder of a site')
        fields['site'] = folders[0]
    which = options.subject_from
    if which is not None:
        if len(folders) <= has_sites:
            raise _unknown(
                f'--subject-from {which}: it lies in no folder'
                + ' below that of its site' * has_sites
            )
        # All folders down to it: c1 at two sites is two subjects.
        last = 1 + has_sites if which == 'first-folder' else None
        fields['subject'] = '/'.join(folders[:last])
    if options.site is not None:
        fields['site'] = options.site
    if options.subject_pattern is not None:
        fields |= _by_pattern(path, options.subject_pattern)
    if table is not None:
        fields |= table.fields(path)
        if 'subject' in table.columns and not fields.get('subject'):
            raise _unknown(f'its row in {table.name} names no subject')
    return fields


def _by_pattern(path: str, pattern: str) -> dict:
    match = re.search(pattern, path.split('/')[-1])
    if match is None:
        raise _unknown('--subject-pattern does not fit its file name')
    groups = match.groupdict()
    subject = groups['subject'] if 'subject' in groups else match[1]
    # '^(.*)$' means the name, not its ending.
    subject = (subject or '').removesuffix(os.path.splitext(path)[1])
    if not subject:
        raise _unknown('--subject-pattern finds no subject in its file name')
    site = groups.get('site')
    return {'subject': subject, **({'site': site} if site else {})}


def _unknown(reason: str) -> LeftOut:
    return LeftOut('subject unknown', reason)


def check_depth(paths: Iterable[str], has_sites: bool) -> None:
    """Refuse ``--subject-from folder`` where folders lie in folders.

    The outer one may be the person and the inner one a visit, or the outer
    one a group and the inner one the person. With a wrong guess a person
    would be trained on and tested.
    """
    nested = [p for p in paths if p.count('/') > 1 + has_sites]
    if not nested:
        return
    raise InputError(
        where='--subject-from folder',
        found=f'{len(nested)} photographs in folders within folders, such as '
        f'{min(nested)!r}',
        expected='one level of folders'
        + ' below those of the sites' * has_sites,
        cure='Use --subject-from first-folder if the outer folder is the '
        'person (and the inner ones are visits), --subject-from last-folder '
        'if the inner one is. If the outer folders are sites, add '
        '--site-from folder.',
    )
