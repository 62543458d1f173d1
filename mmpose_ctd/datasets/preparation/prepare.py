"""From a folder of photographs and points clicked in some tool to a set."""

import os
import shutil
from pathlib import Path

from mmpose_ctd.errors import InputError

from ..annotation_formats import PointRecord, find_sources
from .checks import check_columns, check_folders, check_ruler
from .image_index import ImageIndex
from .job import plan_jobs
from .journal import JOURNAL, Journal
from .landmark_choice import read_landmarks
from .misfits import without_misfits
from .options import PrepareOptions
from .overview import note_overview
from .picture_maker import PictureMaker
from .plausibility import WHOLE_SET
from .report import Report, write_report
from .staging import open_staging, staging_of
from .subjects import SubjectTable
from .units import check_units, elsewhere
from .write_set import draft_mapping, name_subjects, write_annotations

__all__ = ['prepare']


def prepare(
    images: str,
    points: str,
    out: str,
    options: PrepareOptions,
    format_name: str | None = None,
    landmarks: str | None = None,
    count_from: int | None = None,
    table: str | None = None,
    mapping: str | None = None,
    names_in_report: bool = False,
    dry_run: bool = False,
    progress: bool = True,
) -> Report:
    """Make a set that :class:`.CIFASDDataset` reads.

    The set appears at once when all is done. Until then it lies beside its
    place, and another call with the same arguments goes on with it.

    Args:
        images (str): Folder of photographs; nothing in it is changed.
        points (str): A file or a folder of points.
        out (str): The set's folder, which must not exist or be empty.
        options (PrepareOptions): How.
        format_name (str, optional): Format of the points; found out if None.
        landmarks (str, optional): See :mod:`.landmark_choice`.
        count_from (int, optional): What numbers in it count from.
        table (str, optional): See :class:`.SubjectTable`.
        mapping (str, optional): A file, outside the set, that tells which
            picture is whose; written if given.
        names_in_report (bool): Whether the report in the set names files.
        dry_run (bool): Whether to write nothing at all.
        progress (bool): Whether to show a bar.

    Returns:
        Report: What was found and what was written.

    Raises:
        MissingFileError: If a file or folder does not exist.
        InputError: If what is given cannot be used as a whole.
    """
    folder = Path(out).resolve()
    check_folders(images, points, folder, mapping)
    report = Report(dry_run=dry_run)
    index = ImageIndex(images)
    if not index.paths:
        raise InputError(f'IMAGES: {images!r} holds no photographs.')
    others = {os.path.realpath(p) for p in (table, landmarks) if p}
    known, sources = find_sources(points, format_name, frozenset(others))
    reading = known.read(sources, options.reading)
    report.notes += reading.notes
    if not reading.records:
        raise InputError(f'POINTS: {points!r} holds no record of points.')
    if all(record.problem is not None for record in reading.records):
        _refuse_all(reading.records, report)
        return report
    check_ruler(reading.records, landmarks, options)
    choice = read_landmarks(
        landmarks,
        reading.records,
        count_from,
        options.scale_points,
        reading.doubtful,
    )
    subjects = None
    if table is not None:
        subjects = SubjectTable(
            table,
            index,
            options.keep_columns,
            options.reading.decimal,
            options.image_root,
        )
        report.notes += subjects.notes
        check_columns(subjects)
    jobs = plan_jobs(reading.records, index, choice, subjects, options, report)
    report.landmarks = len(choice.names)
    note_overview(
        report,
        reading.records,
        jobs,
        index,
        choice,
        options,
        subjects.maybe_subjects if subjects else (),
    )
    frame = options.frame_of(known)
    jobs = check_units(jobs, index, *frame, options, report)
    maker = PictureMaker(index, choice, known, options, report, progress)
    if dry_run:
        results = maker.make(jobs)
        if doubt := elsewhere(report, options):
            raise doubt
        _count(report, without_misfits(results, options, report))
        return report
    staged = staging_of(folder)
    open_staging(staged, JOURNAL)
    (staged / 'images').mkdir(exist_ok=True)
    journal = Journal(staged)
    try:
        results = maker.make(jobs, staged, journal)
        doubt = elsewhere(report, options)
        if not doubt:
            results = without_misfits(results, options, report, staged)
        if results and not doubt:
            codes = name_subjects(results, options)
            _count(report, results)
            write_annotations(staged, results, choice, options, known.name)
            write_report(report, staged, names_in_report)
            draft = None
            if mapping is not None:
                draft = draft_mapping(Path(mapping), results, codes)
    finally:
        journal.close()
    if not results or doubt:
        shutil.rmtree(staged)
        if doubt:
            raise doubt
        return report
    journal.remove()
    if folder.exists():
        folder.rmdir()
    staged.rename(folder)
    if draft is not None:
        draft.replace(mapping)
    report.out = folder
    return report


def _refuse_all(records: list[PointRecord], report: Report) -> None:
    for number, record in enumerate(records, 1):
        report.add_record(number, record.source, record.image)
        report.leave_out(number, 'unreadable', record.problem)


def _count(report: Report, results: list[dict]) -> None:
    subjects = [
        result['image'].get('subject') or result['id'] for result in results
    ]
    report.subjects = len({*subjects})
    report.points = sum(
        v > 0 for result in results for _, _, v in result['keypoints']
    )
    for code, text in WHOLE_SET.items():
        found = sum(code in dict(row.notes) for row in report.used)
        if results and found > len(results) / 2:
            report.warnings.append(text)
    report.with_scale = sum('mm_per_px' in r['image'] for r in results)
