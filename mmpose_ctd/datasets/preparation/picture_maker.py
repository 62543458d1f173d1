"""Makes the pictures of a set, or takes those that are made already."""

import hashlib
import os
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import track

from mmpose_ctd.files import write_whole
from mmpose_ctd.version import __version__

from ..annotation_formats import AnnotationFormat
from .image_index import ImageIndex
from .job import Job
from .journal import Journal, job_key
from .landmark_choice import LandmarkChoice
from .options import PrepareOptions
from .picture import PictureRefused, make_picture
from .report import Report

__all__ = ['PictureMaker']


class PictureMaker:
    """Goes through the jobs, one photograph in memory at a time.

    Args:
        index (ImageIndex): The photographs.
        choice (LandmarkChoice): The landmarks.
        known (AnnotationFormat): The format that they were read from.
        options (PrepareOptions): How.
        report (Report): Where it is told what became of them.
        progress (bool): Whether to show a bar.
    """

    def __init__(
        self,
        index: ImageIndex,
        choice: LandmarkChoice,
        known: AnnotationFormat,
        options: PrepareOptions,
        report: Report,
        progress: bool = True,
    ) -> None:
        self.index = index
        self.choice = choice
        self.known = known
        self.options = options
        self.report = report
        self.progress = progress

    def make(
        self,
        jobs: list[Job],
        staged: Path | None = None,
        journal: Journal | None = None,
    ) -> list[dict]:
        """Make the pictures.

        Args:
            jobs (list[Job]): What is to be done.
            staged (Path, optional): The unfinished set. None makes them to
                see what is wrong, and writes nothing.
            journal (Journal, optional): What is done already.

        Returns:
            list[dict]: For each picture its id, file_name, image (its
            record), keypoints (K times x, y, visibility), faces (boxes in
            the picture) and job.
        """
        results, taken = [], 0
        digests: dict[str, int] = {}
        bar = track(
            jobs,
            'photographs',
            console=Console(stderr=True),
            disable=not self.progress,
        )
        for place, job in enumerate(bar, 1):
            # Numbers by place in the list: the same after a restart.
            name = f'{place:06d}.{self.options.image_format}'
            key = self._key(job, name)
            entry = journal.get(key) if journal else None
            if entry is not None and _is_there(staged, entry):
                taken += 1
            else:
                entry = self._entry(job, name, staged)
                if journal:
                    journal.add(key, entry)
            if 'code' in entry:
                self.report.leave_out(
                    job.number, entry['code'], entry['reason']
                )
                continue
            row = self.report.rows[job.number]
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
                    'faces': entry['faces'],
                    'job': job,
                }
            )
        if taken:
            self.report.notes.append(
                f'{taken} pictures were there from an unfinished run'
            )
        return results

    def _key(self, job: Job, name: str) -> str:
        """A digest of all that the picture depends on."""
        status = os.stat(self.index.full(job.path))
        record = asdict(job.record)
        return job_key(
            __version__,
            job.path,
            [status.st_size, status.st_mtime_ns],
            name,
            {k: v for k, v in record.items() if k != 'source'},
            job.fields,
            asdict(self.choice),
            self.known.name,
            asdict(self.options),
        )

    def _entry(self, job: Job, name: str, staged: Path | None) -> dict:
        """Make a picture, and write it unless it is a dry run."""
        path = self.index.full(job.path)
        try:
            picture = make_picture(
                path, job, self.choice.names, self.known, self.options
            )
        except PictureRefused as error:
            return {'code': error.code, 'reason': str(error)}
        if staged is not None:
            write_whole(staged / 'images' / name, picture.data)
        return {
            'file_name': name,
            'bytes': len(picture.data),
            'digest': hashlib.sha256(Path(path).read_bytes()).hexdigest(),
            'image': picture.image,
            'keypoints': picture.keypoints.tolist(),
            'notes': picture.notes,
            'faces': picture.faces,
        }


def _is_there(staged: Path, entry: dict) -> bool:
    # What was refused is tried again: a missing right may have been given.
    # A version without faces wrote no boxes.
    if 'code' in entry or 'faces' not in entry:
        return False
    path = staged / 'images' / entry['file_name']
    return path.is_file() and path.stat().st_size == entry['bytes']
