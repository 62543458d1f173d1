"""From a folder of photographs and points clicked in some tool to a set."""

import hashlib
import os
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import track

from mmpose_ctd.errors import InputError
from mmpose_ctd.version import __version__

from ..annotation_formats import AnnotationFormat, find_sources
from .checks import check_columns, check_folders, check_ruler
from .image_index import ImageIndex
from .job import Job, plan_jobs
from .journal import Journal, job_key
from .landmark_choice import LandmarkChoice, read_landmarks
from .options import PrepareOptions
from .overview import note_overview
from .picture import PictureRefused, make_picture
from .report import Report, write_report
from .subjects import SubjectTable
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
    reading = known.read(sources)
    report.notes += reading.notes
    if not reading.records:
        raise InputError(f'POINTS: {points!r} holds no record of points.')
    check_ruler(reading.records, landmarks, options)
    choice = read_landmarks(
        landmarks, reading.records, count_from, options.scale_points
    )
    subjects = None
    if table is not None:
        subjects = SubjectTable(table, index, options.keep_columns)
        report.notes += subjects.notes
        check_columns(subjects)
    jobs = plan_jobs(reading.records, index, choice, subjects, options, report)
    report.landmarks = len(choice.names)
    note_overview(report, reading.records, jobs, index, choice, options)
    if dry_run:
        results = _make(jobs, index, choice, known, options, report, progress)
        _count(report, results)
        return report
    staged = folder.parent / f'.{folder.name}.unfinished'
    (staged / 'images').mkdir(parents=True, exist_ok=True)
    journal = Journal(staged)
    try:
        results = _make(
            jobs,
            index,
            choice,
            known,
            options,
            report,
            progress,
            staged,
            journal,
        )
        if not results:
            return report
        codes = name_subjects(results, options)
        _count(report, results)
        write_annotations(staged, results, choice, options, known.name)
        write_report(report, staged, names_in_report)
        draft = None
        if mapping is not None:
            draft = draft_mapping(Path(mapping), results, codes)
    finally:
        journal.close()
    journal.remove()
    if folder.exists():
        folder.rmdir()
    staged.rename(folder)
    if draft is not None:
        draft.replace(mapping)
    report.out = folder
    return report


def _make(
    jobs: list[Job],
    index: ImageIndex,
    choice: LandmarkChoice,
    known: AnnotationFormat,
    options: PrepareOptions,
    report: Report,
    progress: bool,
    staged: Path | None = None,
    journal: Journal | None = None,
) -> list[dict]:
    """Make the pictures, or take those that are made."""
    results = []
    digests: dict[str, int] = {}
    for place, job in enumerate(
        track(
            jobs,
            'photographs',
            console=Console(stderr=True),
            disable=not progress,
        ),
        1,
    ):
        path = index.full(job.path)
        name = f'{place:06d}.{options.image_format}'
        key = _key(path, name, job, choice, known, options)
        entry = journal.get(key) if journal else None
        if entry is None or not _is_there(staged, entry):
            entry = _entry(path, name, job, choice, known, options, staged)
            if journal:
                journal.add(key, entry)
        row = report.rows[job.number]
        if 'code' in entry:
            report.leave_out(job.number, entry['code'], entry['reason'])
            continue
        row.picture = name
        row.notes = [tuple(note) for note in entry['notes']]
        first = digests.setdefault(entry['digest'], job.number)
        if first != job.number:
            row.notes.append(
                ('same', f'is the very photograph of record {first}')
            )
        results.append(
            {
                'id': place,
                'file_name': name,
                'image': entry['image'],
                'keypoints': entry['keypoints'],
                'job': job,
            }
        )
    return results


def _key(path, name, job: Job, choice, known, options) -> str:
    try:
        status = os.stat(path)
        state = [status.st_size, status.st_mtime_ns]
    except OSError:
        state = []
    record = {k: v for k, v in asdict(job.record).items() if k != 'source'}
    return job_key(
        __version__,
        job.path,
        state,
        name,
        record,
        job.fields,
        asdict(choice),
        known.name,
        asdict(options),
    )


def _is_there(staged: Path, entry: dict) -> bool:
    if 'code' in entry:
        # A photograph may have become readable without a change of time.
        return False
    path = staged / 'images' / entry['file_name']
    return path.is_file() and path.stat().st_size == entry['bytes']


def _entry(path, name, job: Job, choice, known, options, staged) -> dict:
    try:
        picture = make_picture(path, job, choice.names, known, options)
    except PictureRefused as error:
        return {'code': error.code, 'reason': str(error)}
    if staged is not None:
        target = staged / 'images' / name
        draft = target.with_suffix('.part')
        draft.write_bytes(picture.data)
        draft.replace(target)
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return {
        'file_name': name,
        'bytes': len(picture.data),
        'digest': digest,
        'image': picture.image,
        'keypoints': picture.keypoints.tolist(),
        'notes': picture.notes,
    }


def _count(report: Report, results: list[dict]) -> None:
    subjects = [
        result['image'].get('subject') or result['id'] for result in results
    ]
    report.subjects = len({*subjects})
    report.points = sum(
        v > 0 for result in results for _, _, v in result['keypoints']
    )
    report.with_scale = sum('mm_per_px' in r['image'] for r in results)
