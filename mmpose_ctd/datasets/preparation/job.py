"""What is to be done for one record, settled before any image is read."""

import posixpath
from dataclasses import dataclass, field

import numpy as np

from ..annotation_formats import PointRecord, Refused
from .image_index import ImageIndex, ImageNames, NotFound
from .landmark_choice import LandmarkChoice
from .options import PrepareOptions
from .report import Report
from .subject_folders import by_folder, check_depth
from .subjects import BadCell, SubjectTable, by_pattern, checked_pattern

__all__ = ['Job', 'plan_jobs']


@dataclass
class Job:
    """A photograph and its landmarks.

    Attributes:
        number (int): Of the record, from 1.
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


def plan_jobs(
    records: list[PointRecord],
    index: ImageIndex,
    choice: LandmarkChoice,
    table: SubjectTable | None,
    options: PrepareOptions,
    report: Report,
) -> list[Job]:
    """Match records with photographs and subjects.

    What cannot be used is told in the report.

    Returns:
        list[Job]: In the records' order, one for each photograph.

    Raises:
        InputError: If the folders leave open which of them is a subject.
    """
    pattern = None
    if options.subject_pattern is not None:
        pattern = checked_pattern(options.subject_pattern)
    folders = [_folder_of(record, index) for record in records]
    sound = [i for i, record in enumerate(records) if record.problem is None]
    names = ImageNames(
        index,
        [records[i].image for i in sound],
        options.image_root,
        [folders[i] for i in sound],
    )
    jobs: dict[str, Job] = {}
    known = any(record.fields.get('subject') for record in records)
    for number, record in enumerate(records, 1):
        report.add_record(number, record.source, record.image)
        if record.problem is not None:
            report.leave_out(number, 'unreadable', record.problem)
            continue
        try:
            path = names.find(record.image, folders[number - 1])
        except NotFound as error:
            code = 'ambiguous' if error.candidates else 'image missing'
            report.leave_out(number, code, str(error), error.candidates)
            continue
        others = _contradicting(record, path, folders[number - 1], index)
        if others:
            report.leave_out(
                number,
                'ambiguous',
                'it names one photograph, and its file is called as another '
                'that is there as well: were they renamed? Correct the name '
                'in the file (imagePath), or rename the file as the '
                'photograph that it names',
                [path, *others],
            )
            continue
        try:
            points, visible = choice.choose(record)
        except Refused as error:
            report.leave_out(number, 'wrong number', str(error))
            continue
        points, visible = _without_zeros(points, visible, options)
        if not visible.any():
            report.leave_out(
                number, 'no points', 'none of the landmarks is there'
            )
            continue
        zeros = (np.nan_to_num(points, nan=1) == 0).all(axis=1)
        if zeros.any():
            name = choice.names[int(zeros.argmax())]
            report.leave_out(
                number,
                'at 0, 0',
                f'landmark {name} is at exactly (0, 0); if that means '
                'missing, say --zero-is-missing',
            )
            continue
        try:
            fields = _fields(path, record, table, pattern, options)
            if known and not fields.get('subject'):
                raise Refused('its row names no subject, as others do')
        except BadCell as error:
            report.leave_out(number, 'bad cell', str(error))
            continue
        except Refused as error:
            report.leave_out(number, 'subject unknown', str(error))
            continue
        ruler = _ruler(record, choice, options)
        job = Job(number, record, path, points, visible, fields, ruler)
        if path in jobs:
            job = _chosen(jobs[path], job, options, report)
        jobs[path] = job
    if options.subject_from == 'folder':
        check_depth(jobs, options.site_from == 'folder')
    report.notes += names.notes('POINTS')
    return sorted(jobs.values(), key=lambda job: job.number)


def _folder_of(record: PointRecord, index: ImageIndex) -> str:
    """The folder of photographs that the record's file belongs to."""
    if record.file is None:
        return ''
    path, name = record.file
    return index.folder_of(path, posixpath.dirname(name))


def _contradicting(
    record: PointRecord, path: str, folder: str, index: ImageIndex
) -> list[str]:
    """Photographs that the name of the record's file means instead."""
    if record.file is None or not record.is_of_file_name:
        return []
    found = {
        other: None
        for place in (posixpath.dirname(path), folder)
        for other in index.named_as(record.file.path, place)
    }
    return [] if path in found else [*found]


def _without_zeros(
    points: np.ndarray, visible: np.ndarray, options: PrepareOptions
) -> tuple[np.ndarray, np.ndarray]:
    if not options.zero_is_missing:
        return points, visible
    zeros = (points == 0).all(axis=1)
    points = np.where(zeros[:, None], np.nan, points)
    return points, np.where(zeros, 0, visible)


def _chosen(
    first: Job, second: Job, options: PrepareOptions, report: Report
) -> Job:
    """Of two records of a photograph, the one that is used."""
    used, other = first, second
    if options.duplicates == 'last':
        used, other = second, first
    apart = np.linalg.norm(used.points - other.points, axis=1)
    apart = apart[np.isfinite(apart)]
    text = f'a second record of the photograph of record {used.number}'
    if len(apart):
        text += f', {apart.mean():.1f} px from it on average'
    report.leave_out(other.number, 'duplicate', text)
    return used


def _fields(
    path: str,
    record: PointRecord,
    table: SubjectTable | None,
    pattern,
    options: PrepareOptions,
) -> dict:
    """Who and where; what the user says goes before what the file says."""
    fields = dict(record.fields)
    folders = path.split('/')[:-1]
    if options.site_from == 'folder':
        if not folders:
            raise Refused('--site-from folder: it lies in no folder')
        fields['site'] = folders[0]
    if options.subject_from is not None:
        fields['subject'] = by_folder(
            path, options.subject_from, options.site_from == 'folder'
        )
    if options.site is not None:
        fields['site'] = options.site
    if pattern is not None:
        fields |= by_pattern(pattern, path)
    if table is not None:
        fields |= table.fields(path)
        if 'subject' in table.columns and not fields.get('subject'):
            raise Refused(f'its row in {table.name} names no subject')
    return fields


def _ruler(
    record: PointRecord, choice: LandmarkChoice, options: PrepareOptions
) -> np.ndarray | None:
    if not options.scale_points:
        return None
    place = {name: i for i, name in enumerate(record.names or ())}
    ends = []
    for name in options.scale_points:
        if record.names is None:
            # Without names, the landmark file is what names points.
            i = choice.label(name) if name in choice.names else -1
        else:
            i = place.get(name, -1)
        ends.append(record.points[i] if i >= 0 else [np.nan, np.nan])
    ends = np.array(ends)
    return ends if np.isfinite(ends).all() else None
