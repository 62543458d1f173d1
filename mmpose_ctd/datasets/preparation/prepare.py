"""Makes a set of a folder of photographs and points clicked in some tool."""

import hashlib
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from mmpose_ctd.errors import InputError, MissingFileError, some_of
from mmpose_ctd.files import sha256_of, write_whole
from mmpose_ctd.version import __version__

from ..annotation_formats import find_sources
from .image_index import ImageIndex
from .landmark_choice import read_landmarks
from .options import PrepareOptions
from .picture import make_picture
from .records import LabelledPhotograph, match_records, note_records
from .report import LeftOut, PrepareReport, RecordRow, warn_of_most
from .set_folder import (
    PREVIEW,
    Journal,
    draft_mapping,
    draw_preview,
    name_subjects,
    open_unfinished,
    publish,
    write_annotations,
    write_report,
)
from .subjects import SubjectTable
from .units import away_from_faces, check_units, misfits


def prepare(
    photographs: str | os.PathLike,
    points: str | os.PathLike,
    out: str | os.PathLike,
    *,
    dry_run: bool = False,
    progress: bool = False,
    preview: str | os.PathLike | None = None,
    **options,
) -> PrepareReport:
    """Make a set of photographs and clicked points.

    The set appears when all of it is written. Until then it lies in a hidden
    folder next to its place; another call with the same arguments resumes
    it.

    Args:
        photographs (str | PathLike): Folder of photographs. It is only read.
        points (str | PathLike): A file or a folder of points.
        out (str | PathLike): The set's folder. It must be absent or empty.
        dry_run (bool): Whether to write no set, only the preview if there
            is one. Defaults to False.
        progress (bool): Whether to show a progress bar. Defaults to False.
        preview (str | PathLike, optional): New folder for sheets of the
            pictures with their points. It appears when all are drawn.
        **options: Fields of :class:`.PrepareOptions`, which are the options
            of ``mmpose_ctd prepare`` as well.

    Returns:
        PrepareReport: What was found and what was written. Its ``out`` is
        None if nothing could be used.

    Raises:
        MissingFileError: If a file or folder does not exist.
        InputError: If an option or the input as a whole cannot be used.

    Example:
        >>> report = prepare('photographs', 'points.csv', 'data/myset',
        ...                  subject_pattern='^(c[0-9]+)_')
        >>> len(report.used), report.subjects
        (3, 2)
        >>> [(row.image, row.reason) for row in report.left_out]
        [('c003_v1.png', 'no photograph of this name in IMAGES')]
    """
    chosen = PrepareOptions(**options)
    photographs, points = os.fspath(photographs), os.fspath(points)
    folder = Path(out).resolve()
    sheets = None if preview is None else Path(preview).resolve()
    _check_folders(photographs, points, folder, chosen.mapping, sheets)
    report = PrepareReport(dry_run=dry_run)
    work = _Preparation(photographs, points, chosen, report)
    if not report.landmarks:  # no record could be read
        return report
    staged = journal = draft = None
    place = sheets if dry_run else folder
    if place is not None:
        staged = open_unfinished(place)
        journal = Journal(staged)
    try:
        work.make_pictures(progress, staged, journal)
        doubt = away_from_faces(report, chosen)
        if not doubt:
            work.leave_out_misfits(staged)
            work.count()
            if staged and work.results:
                draft = work.write(staged)
                if sheets is not None:
                    draw_preview(
                        staged, work.results, work.choice.names, progress
                    )
    finally:
        if journal:
            journal.close()
    if staged and dry_run and work.results and not doubt:
        publish(staged / PREVIEW, sheets)
    if staged and (dry_run or doubt or not work.results):
        shutil.rmtree(staged)
    if doubt:
        raise doubt
    if dry_run or not work.results:
        return report
    journal.path.unlink()
    publish(staged, folder)
    if sheets is not None:
        publish(folder / PREVIEW, sheets)
    if draft is not None:
        draft.replace(chosen.mapping)
    report.out = folder
    return report


class _Preparation:
    """What one call of :func:`prepare` has read and made.

    ``results`` are the pictures made: id, file_name, image (its record),
    keypoints (K times x, y, visibility), faces (boxes in the picture), photo.
    """

    def __init__(
        self,
        photographs: str,
        points: str,
        options: PrepareOptions,
        report: PrepareReport,
    ) -> None:
        self.options = options
        self.report = report
        self.results: list[dict] = []
        self.index = index = ImageIndex(photographs)
        if not index.paths:
            raise InputError(
                where='IMAGES', found=f'{photographs!r} holds no photographs'
            )
        given = filter(None, (options.table, options.landmarks))
        others = frozenset(map(os.path.realpath, given))
        self.known, sources = find_sources(points, options.format, others)
        reading = self.known.read(sources, options.reading)
        records = reading.records
        report.notes += reading.notes
        if not records:
            raise InputError(
                where='POINTS', found=f'{points!r} holds no record of points'
            )
        if all(record.problem is not None for record in records):
            for i, record in enumerate(records, 1):
                report.rows[i] = RecordRow(i, record.source, record.image)
                report.leave_out(i, LeftOut('unreadable', record.problem))
            return
        names = {n for r in records for n in r.names or ()}
        lost = [n for n in options.scale_points if names and n not in names]
        if lost:
            raise InputError(
                where=f'--scale-points {lost[0]}',
                found='no record has a point of this name',
                expected=f'one of {some_of(sorted(names), 12)}',
            )
        self.choice = read_landmarks(
            options.landmarks,
            records,
            options.count_from,
            options.scale_points,
            reading.doubtful,
        )
        report.landmarks = len(self.choice.names)
        table = None
        if options.table is not None:
            table = SubjectTable(options.table, index, options)
            report.notes += table.notes
        photos = match_records(
            records, index, self.choice, table, options, report
        )
        note_records(
            report,
            records,
            photos,
            self.choice,
            options,
            len(index.paths),
            table.maybe_subjects if table else (),
        )
        frame = options.frame_of(self.known)
        self.photos = check_units(photos, index, frame, options, report)

    def make_pictures(
        self, progress: bool, staged: Path | None, journal: Journal | None
    ) -> None:
        """Make all pictures, one photograph in memory at a time.

        Without an unfinished set, ``staged``, nothing is written. Pictures
        in the journal are skipped.
        """
        taken = 0
        digests: dict[str, int] = {}
        bar = track(
            self.photos,
            'photographs',
            console=Console(stderr=True),
            disable=not progress,
        )
        for place, photo in enumerate(bar, 1):
            # Numbers by place in the list: the same after a restart.
            name = f'{place:06d}.{self.options.image_format}'
            key = self._key(photo, name)
            entry = journal.done.get(key) if journal else None
            if entry and _has_size(staged / 'images' / name, entry['bytes']):
                taken += 1
            else:
                path = self.index.full(photo.path)
                try:
                    data, entry = make_picture(
                        path,
                        photo,
                        self.choice.names,
                        self.known,
                        self.options,
                    )
                except LeftOut as why:
                    self.report.leave_out(photo.number, why)
                    continue
                entry |= dict(bytes=len(data), digest=sha256_of(path))
                if staged:
                    write_whole(staged / 'images' / name, data)
                    journal.add(key, entry)
            row = self.report.rows[photo.number]
            row.picture = name
            row.notes = [tuple(note) for note in entry['notes']]
            first = digests.setdefault(entry['digest'], photo.number)
            if first != photo.number:
                row.notes.append(
                    ('same', f'is the very photograph of record {first}')
                )
            result = dict(id=place, file_name=name, photo=photo)
            for part in ('image', 'keypoints', 'faces'):
                result[part] = entry[part]
            self.results.append(result)
        if taken:
            self.report.notes.append(
                f'{taken} pictures were there from an unfinished run'
            )

    def _key(self, photo: LabelledPhotograph, name: str) -> str:
        """A digest of everything that the picture depends on."""

        def plain(value):
            return value.tolist() if isinstance(value, np.ndarray) else value

        status = os.stat(self.index.full(photo.path))
        record = asdict(photo.record)
        parts = (
            __version__,
            photo.path,
            [status.st_size, status.st_mtime_ns],
            name,
            {k: plain(v) for k, v in record.items() if k != 'source'},
            photo.fields,
            asdict(self.choice),
            self.known.name,
            self.options.described(),
        )
        text = json.dumps(parts, default=repr, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def leave_out_misfits(self, staged: Path | None) -> None:
        """Leave out records that do not fit their faces as others do."""
        wrong = misfits(self.results, self.options)
        for place, reason in wrong.items():
            result = self.results[place]
            if staged is not None:
                (staged / 'images' / result['file_name']).unlink()
            number = result['photo'].number
            self.report.rows[number].picture = ''
            self.report.leave_out(number, LeftOut('unit', reason))
        self.results = [
            r for i, r in enumerate(self.results) if i not in wrong
        ]

    def count(self) -> None:
        """Count what the set holds, and warn of what most pictures have."""
        report, results = self.report, self.results
        subjects = [r['image'].get('subject') or r['id'] for r in results]
        report.subjects = len({*subjects})
        report.points = sum(v > 0 for r in results for *_, v in r['keypoints'])
        report.with_scale = sum('mm_per_px' in r['image'] for r in results)
        warn_of_most(report)

    def write(self, staged: Path) -> Path | None:
        """Write all files but the pictures; returns the mapping's draft."""
        options, results = self.options, self.results
        people = name_subjects(results, options.subject_codes)
        text = f'prepared by mmpose_ctd {__version__} from {self.known.name} '
        info = {'description': f'{text}points', 'options': options.described()}
        write_annotations(staged, results, self.choice.names, info)
        write_report(self.report, staged, options.names_in_report)
        if options.mapping is None or self.report.dry_run:
            return None
        return draft_mapping(Path(options.mapping), results, people)


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _check_folders(
    images: str,
    points: str,
    out: Path,
    mapping: str | None,
    preview: Path | None,
) -> None:
    """Refuse a missing folder, and whatever would be overwritten."""
    if not os.path.isdir(images):
        raise MissingFileError(
            where='IMAGES', found=f'{images!r} is not a folder'
        )
    for name, path in (('IMAGES', images), ('POINTS', points)):
        inside = Path(path).resolve()
        if out == inside or inside in out.parents or out in inside.parents:
            raise InputError(
                where=f'--out {out.name}',
                found=f'one of it and {name} lies in the other',
                cure='Choose another folder: nothing of yours may be '
                'overwritten.',
            )
    taken = ''
    for option, new in (('--preview', preview), ('--out', out)):
        if new and new.exists() and (new.is_file() or any(new.iterdir())):
            taken = f'{option} {new.name}'
    if not taken and mapping is not None:
        path = Path(mapping).resolve()
        if out == path or out in path.parents:
            raise InputError(
                where='--mapping',
                found='lies in the set, which others may get',
                cure='Give a file elsewhere.',
            )
        taken = f'--mapping {path.name}' if path.exists() else ''
    if taken:
        raise InputError(
            where=taken,
            found='exists already, and is never overwritten',
            cure='Give another name, or move it away.',
        )
