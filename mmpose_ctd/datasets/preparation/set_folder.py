"""Writes a set: its unfinished folder, its files, its preview.

An unfinished folder lies at a place that others can guess, and a file written
through a link would land elsewhere. So a folder is used again only if this
user and this tool made it.
"""

import contextlib
import json
import os
import shutil
import stat
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole
from mmpose_ctd.table_cells import csv_text
from mmpose_ctd.visualization import landmark_sheet

from ..landmark_file import face_annotation, face_category
from ..upright_image import read_upright
from .report import PrepareReport

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

#: Names of the journal and of the preview in an unfinished set.
JOURNAL, PREVIEW = 'journal.jsonl', '.preview'
# Pictures on a sheet of the preview.
_ON_SHEET = 20


def open_unfinished(folder: Path) -> Path:
    """Make or continue the folder in which a set lies until it is complete.

    Raises:
        InputError: If something else has that name: a link, a file, a folder
            of another user or program.
    """
    unfinished = folder.with_name(f'.{folder.name}.unfinished')
    try:
        unfinished.mkdir(parents=True)
    except FileExistsError:
        if not _is_ours(unfinished):
            raise InputError(
                where=unfinished.name,
                found='was not made by this tool and this user',
                expected='the unfinished folder of an earlier run, or nothing',
                cure='Look at it, and move or delete it.',
            ) from None
        # Left by a run that was killed while it wrote.
        for draft in unfinished.rglob('*.tmp'):
            draft.unlink()
    (unfinished / JOURNAL).touch()
    (unfinished / 'images').mkdir(exist_ok=True)
    return unfinished


def _is_ours(folder: Path) -> bool:
    status = folder.lstat()
    is_own = not hasattr(os, 'getuid') or status.st_uid == os.getuid()
    if not stat.S_ISDIR(status.st_mode) or not is_own:
        return False
    journal = folder / JOURNAL
    has_journal = journal.is_file() and not journal.is_symlink()
    return has_journal or not any(folder.iterdir())


def publish(complete: Path, folder: Path) -> None:
    """Give a complete folder its name; an empty folder may have it."""
    if folder.exists():
        folder.rmdir()
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(complete, folder)


class Journal:
    """The finished pictures of an unfinished set, one a line.

    If a kill leaves part of a line, that line is ignored.

    Attributes:
        done (dict[str, dict]): Key of a picture -> its entry.

    Raises:
        InputError: If another run is writing to it.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL
        self.done: dict[str, dict] = {}
        # The handle is the lock; it goes with the process.
        self._file = open(self.path, 'a+', encoding='utf-8')  # noqa: SIM115
        if fcntl is not None:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                self._file.close()
                raise InputError(
                    where=folder.name,
                    found='another run is writing this set',
                    cure='Wait for it, or end it.',
                ) from error
        self._file.seek(0)
        text = self._file.read()
        for line in text.splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                entry = json.loads(line)
                self.done[entry['key']] = entry
        if text and not text.endswith('\n'):
            self._file.write('\n')

    def add(self, key: str, entry: dict) -> None:
        """Remember a finished picture, even if the power fails now."""
        self._file.write(json.dumps({'key': key, **entry}) + '\n')
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Release the lock."""
        self._file.close()


def name_subjects(results: list[dict], use_codes: bool) -> dict[str, str]:
    """Give each picture a subject, or a code; returns code -> subject."""
    codes: dict[str, str] = {}
    for result in results:
        image = result['image']
        subject = image.get('subject')
        if not subject:
            image['subject'] = f'image{result["id"]:06d}'
        elif use_codes:
            code = codes.setdefault(str(subject), f's{len(codes) + 1:04d}')
            image['subject'] = code
        else:
            image['subject'] = str(subject)
    return {code: subject for subject, code in codes.items()}


def write_annotations(
    staged: Path, results: list[dict], names: tuple[str, ...], info: dict
) -> None:
    """Write ``annotations/landmarks.json``, and delete other pictures."""
    images, annotations = [], []
    for result in results:
        i, image, points = result['id'], result['image'], result['keypoints']
        images.append({'id': i, 'file_name': result['file_name'], **image})
        size = image['width'], image['height']
        annotations.append(face_annotation(i, points, size))
    content = {
        'info': info,
        'images': images,
        'annotations': annotations,
        'categories': [face_category(names)],
    }
    # Left by an earlier run with other options.
    wanted = {result['file_name'] for result in results}
    for path in (staged / 'images').iterdir():
        if path.name not in wanted:
            path.unlink()
    for name in ('annotations', PREVIEW):
        shutil.rmtree(staged / name, ignore_errors=True)
    (staged / 'annotations').mkdir()
    write_whole(
        staged / 'annotations' / 'landmarks.json', json.dumps(content).encode()
    )


def write_report(report: PrepareReport, folder: Path, names: bool) -> None:
    """Write report.csv and report.json.

    ``names`` adds those of files and photographs, which may name people.
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
    text = csv_text(rows[0], [row.values() for row in rows])
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


def draft_mapping(
    path: Path, results: list[dict], names: dict[str, str]
) -> Path:
    """Write who is in which picture, readable only by its owner.

    It lies next to ``path``, to be renamed when the set is in place.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + '.part')
    # Left by an earlier run, or a link that somebody else put there.
    draft.unlink(missing_ok=True)
    rows = []
    for result in results:
        code = result['image']['subject']
        who = code, names.get(code, code)
        rows.append([result['file_name'], result['photo'].path, *who])
    titles = ['picture', 'photograph', 'subject_in_set', 'subject']
    text = csv_text(titles, rows)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with open(os.open(draft, flags, 0o600), 'wb') as file:
        file.write(text.encode('utf-8-sig'))
    return draft


def draw_preview(
    staged: Path, results: list[dict], names: tuple[str, ...], progress: bool
) -> None:
    """Draw the points on the pictures, as ``sheet_001.jpg`` ... in PREVIEW."""
    (staged / PREVIEW).mkdir()
    starts = range(0, len(results), _ON_SHEET)
    bar = track(
        starts, 'sheets', console=Console(stderr=True), disable=not progress
    )
    for number, start in enumerate(bar, 1):
        some = results[start : start + _ON_SHEET]
        titles = [result['file_name'] for result in some]
        sheet = landmark_sheet(
            [read_upright(staged / 'images' / title) for title in titles],
            [np.array(result['keypoints']) for result in some],
            names,
            titles,
        )
        data = cv2.imencode('.jpg', sheet)[1].tobytes()
        write_whole(staged / PREVIEW / f'sheet_{number:03d}.jpg', data)
