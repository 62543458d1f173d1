"""Matches records of points with photographs, landmarks and people.

All of it is settled before any photograph is decoded.
"""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mmpose_ctd.errors import some_of

from ..annotation_formats import PointRecord
from ..split_selection import alike_subjects
from .image_index import ImageIndex, ImageNames, NotFound
from .landmark_choice import LandmarkChoice
from .options import PrepareOptions
from .report import LeftOut, PrepareReport, RecordRow, refused_as
from .subjects import SubjectTable, check_depth, who_is_shown


@dataclass
class LabelledPhotograph:
    """A photograph and its landmarks.

    Attributes:
        number (int): Of its record, from 1.
        record (PointRecord): As it was read.
        path (str): The photograph, a member of the index.
        points (np.ndarray): (K, 2) landmarks, as the format has them; NaN
            where missing.
        visible (np.ndarray): (K,), COCO's visibility.
        fields (dict): Subject, site and the like.
        ruler (np.ndarray, optional): (2, 2), its ends.
    """

    number: int
    record: PointRecord
    path: str
    points: np.ndarray
    visible: np.ndarray
    fields: dict = field(default_factory=dict)
    ruler: np.ndarray | None = None


def match_records(
    records: list[PointRecord],
    index: ImageIndex,
    choice: LandmarkChoice,
    table: SubjectTable | None,
    options: PrepareOptions,
    report: PrepareReport,
) -> list[LabelledPhotograph]:
    """Match records with photographs and subjects, one for each photograph.

    The report gets a row for each record, with what cannot be used.

    Raises:
        InputError: If the folders leave open which of them is a subject.
    """
    folders = [index.folder_of(*record.file) for record in records]
    sound = [i for i, record in enumerate(records) if record.problem is None]
    names = ImageNames(
        index,
        [records[i].image for i in sound],
        options.image_root,
        [folders[i] for i in sound],
    )
    needs_subject = any(record.fields.get('subject') for record in records)
    found: dict[str, LabelledPhotograph] = {}
    for number, (record, folder) in enumerate(zip(records, folders), 1):
        report.rows[number] = RecordRow(number, record.source, record.image)
        try:
            path = _photograph_of(record, folder, names)
            points, visible = landmarks_of(record, choice, options)
            fields = who_is_shown(path, record.fields, options, table)
            if needs_subject and not fields.get('subject'):
                reason = 'its row names no subject, unlike other rows'
                raise LeftOut('subject unknown', reason)
        except LeftOut as why:
            report.leave_out(number, why)
            continue
        ruler = _ruler(record, choice, options)
        photo = LabelledPhotograph(
            number, record, path, points, visible, fields, ruler
        )
        if path in found:
            photo = _chosen(found[path], photo, options, report)
        found[path] = photo
    if options.subject_from == 'folder':
        check_depth(found, options.site_from == 'folder')
    report.notes += names.notes('POINTS')
    return sorted(found.values(), key=lambda photo: photo.number)


def _photograph_of(record: PointRecord, folder: str, names: ImageNames) -> str:
    if record.problem is not None:
        raise LeftOut('unreadable', record.problem)
    try:
        path = names.find(record.image, folder)
    except NotFound as error:
        code = 'ambiguous' if error.candidates else 'image missing'
        raise LeftOut(code, str(error), error.candidates) from error
    if not record.is_of_file_name:
        return path
    # The name of the record's own file may mean another photograph.
    called = {
        other: None
        for place in (posixpath.dirname(path), folder)
        for other in names.index.named_as(record.file.path, place)
    }
    if called and path not in called:
        raise LeftOut(
            'ambiguous',
            'it names one photograph, but its file has the name of another '
            'one that exists: were they renamed? Correct the name in the file '
            '(imagePath), or give the file the name of its photograph',
            [path, *called],
        )
    return path


def landmarks_of(
    record: PointRecord, choice: LandmarkChoice, options: PrepareOptions
) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks (K, 2) of a record, NaN where missing, and visibility (K,).

    Raises:
        LeftOut: If it has another number of points or none, or one is at
            exactly (0, 0).
    """
    with refused_as('wrong number'):
        points, visible = choice.choose(record)
    zeros = (points == 0).all(axis=1)
    if options.zero_is_missing:
        points = np.where(zeros[:, None], np.nan, points)
        visible = np.where(zeros, 0, visible)
    if not visible.any():
        raise LeftOut('no points', 'it has none of the landmarks')
    if zeros.any() and not options.zero_is_missing:
        name = choice.names[int(zeros.argmax())]
        raise LeftOut(
            'at 0, 0',
            f'landmark {name} is at exactly (0, 0); if that means missing, '
            'add --zero-is-missing',
        )
    return points, visible


def _chosen(
    first: LabelledPhotograph,
    second: LabelledPhotograph,
    options: PrepareOptions,
    report: PrepareReport,
) -> LabelledPhotograph:
    """Of two records of a photograph, the one that is used."""
    used, other = first, second
    if options.duplicates == 'last':
        used, other = second, first
    apart = np.linalg.norm(used.points - other.points, axis=1)
    apart = apart[np.isfinite(apart)]
    text = f'a second record of the photograph of record {used.number}'
    if len(apart):
        text += f', {apart.mean():.1f} px from it on average'
    report.leave_out(other.number, LeftOut('duplicate', text))
    return used


def _ruler(
    record: PointRecord, choice: LandmarkChoice, options: PrepareOptions
) -> np.ndarray | None:
    if not options.scale_points:
        return None
    place = {name: i for i, name in enumerate(record.names or ())}
    if record.names is None and choice.numbers is not None:
        # Without names, the landmark file is what names points.
        place = dict(zip(choice.names, choice.numbers))
    ends = [place.get(name) for name in options.scale_points]
    if None in ends or max(ends) >= len(record.points):
        return None
    ends = record.points[ends]
    return ends if np.isfinite(ends).all() else None


def note_records(
    report: PrepareReport,
    records: list[PointRecord],
    photos: list[LabelledPhotograph],
    choice: LandmarkChoice,
    options: PrepareOptions,
    photograph_count: int,
    maybe_subjects: Sequence[str] = (),
) -> None:
    """Note in a report what concerns more than one record."""
    bare = photograph_count - len(photos)
    if bare:
        report.notes.append(
            f'{bare} of {photograph_count} photographs have no usable record'
        )
    _note_subjects(report, photos, maybe_subjects)
    scaled = sum(record.scale is not None for record in records)
    if scaled and options.scale_unit is None and not options.scale_points:
        report.notes.append(
            f'{scaled} records have SCALE=, which is not used, as its unit '
            'is unknown: --scale-unit mm (or cm, inch)'
        )
    if choice.labels is not None and len(photos) > 1:
        counts = np.sum([photo.visible > 0 for photo in photos], axis=0)
        rare = [
            f'{name} in {count}'
            for name, count in zip(choice.names, counts)
            if count < len(photos) / 2
        ]
        if rare:
            report.notes.append(
                f'landmarks that most of the {len(photos)} records lack: '
                f'{some_of(rare)} (a misspelt label?)'
            )
    known = {*(choice.labels or ()), *options.scale_points}
    unused = {n for r in records for n in r.names or ()} - known
    if unused:
        report.notes.append(
            f'labels that are not used: {some_of(sorted(unused))}'
        )


def _note_subjects(
    report: PrepareReport,
    photos: list[LabelledPhotograph],
    maybe_subjects: Sequence[str],
) -> None:
    subjects = [str(photo.fields.get('subject') or '') for photo in photos]
    if photos and not any(subjects):
        text = (
            'NO SUBJECT IS KNOWN: each photograph counts as a different '
            'person. If a person has several, training and test may share '
            'them, and the errors come out too small. State who is who: '
            '--table, --subject-pattern or --subject-from folder.'
        )
        if maybe_subjects:
            shown = ', '.join(map(repr, maybe_subjects[:5]))
            text += (
                f' If a column of the table names the subjects ({shown}), '
                'rename it to "subject".'
            )
        report.warnings.append(text)
    groups = alike_subjects(subjects)
    if groups:
        alike = {subject for group in groups for subject in group}
        # Ids may name people; the numbers of the records do not.
        numbers = [
            str(photo.number)
            for photo, subject in zip(photos, subjects)
            if subject in alike
        ]
        report.warnings.append(
            f'{len(groups)} group{"s" * (len(groups) > 1)} of subject ids '
            'differ only in case, spaces, dashes or zeros: is each group one '
            f'person? Records {some_of(numbers)}. Give each person one id.'
        )
