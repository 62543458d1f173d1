"""What is to be said of all records together."""

from collections.abc import Sequence

from mmpose_ctd.datasets.subject_names import alike_subjects

from ..annotation_formats import PointRecord
from .image_index import ImageIndex
from .job import Job
from .landmark_choice import LandmarkChoice
from .options import PrepareOptions
from .report import Report

__all__ = ['note_overview']


def note_overview(
    report: Report,
    records: list[PointRecord],
    jobs: list[Job],
    index: ImageIndex,
    choice: LandmarkChoice,
    options: PrepareOptions,
    maybe_subjects: Sequence[str] = (),
) -> None:
    """Add to a report what concerns more than one record.

    Args:
        report (Report): Gets notes and warnings.
        records (list[PointRecord]): All that were read.
        jobs (list[Job]): Those that can be used.
        index (ImageIndex): The photographs.
        choice (LandmarkChoice): The landmarks.
        options (PrepareOptions): What the user states.
        maybe_subjects (Sequence[str]): Columns that may be of subjects.
    """
    bare = len({*index.paths} - {job.path for job in jobs})
    if bare:
        report.notes.append(
            f'{bare} of {len(index.paths)} photographs have no usable record'
        )
    if not any(job.fields.get('subject') for job in jobs) and jobs:
        shown = ', '.join(map(repr, maybe_subjects[:5]))
        hint = (
            f' If a column of the table names the subjects ({shown}), rename '
            'it to "subject".'
            if shown
            else ''
        )
        report.warnings.append(
            'NO SUBJECT IS KNOWN: each photograph counts as a person of its '
            'own. If a person has several, training and test may share them, '
            'and the errors come out too small. Say who is who: --table, '
            '--subject-pattern or --subject-from folder.' + hint
        )
    subjects = [str(job.fields.get('subject') or '') for job in jobs]
    groups = alike_subjects(subjects)
    if groups:
        alike = {subject for group in groups for subject in group}
        # Ids may name people: the records do as well.
        numbers = [
            str(job.number)
            for job, subject in zip(jobs, subjects)
            if subject in alike
        ]
        report.warnings.append(
            f'{len(groups)} group{"s" * (len(groups) > 1)} of subject ids '
            'are alike but for case, spaces, dashes or zeros: are they one '
            'person each? Records '
            f'{", ".join(numbers[:8])}{" ..." * (len(numbers) > 8)}. Give '
            'each person one id.'
        )
    scaled = sum(record.scale is not None for record in records)
    if scaled and options.scale_unit is None and not options.scale_points:
        report.notes.append(
            f'{scaled} records have SCALE=, which is not used, as its unit '
            'is not told: --scale-unit mm (or cm, inch)'
        )
    if choice.labels is not None and len(jobs) > 1:
        rare = {
            name: count
            for i, name in enumerate(choice.names)
            if (count := sum(job.visible[i] > 0 for job in jobs))
            < len(jobs) / 2
        }
        if rare:
            some = [f'{name} in {n}' for name, n in rare.items()]
            report.notes.append(
                f'landmarks that most of the {len(jobs)} records lack: '
                f'{", ".join(some[:8])}{" ..." * (len(some) > 8)} (a '
                'misspelt label?)'
            )
    unused = {n for r in records for n in r.names or ()} - {
        *(choice.labels or ()),
        *options.scale_points,
    }
    if unused:
        some = sorted(unused)
        report.notes.append(
            f'labels that are not used: {", ".join(some[:8])}'
            f'{" ..." * (len(some) > 8)}'
        )
