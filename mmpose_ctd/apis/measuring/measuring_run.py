"""Measures a folder of photographs: what mmpose_ctd measure does."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence, Set
from typing import NamedTuple

import cv2
import numpy as np

from mmpose_ctd.datasets.face_detection import detect_faces
from mmpose_ctd.datasets.upright_image import read_upright
from mmpose_ctd.errors import InputError
from mmpose_ctd.visualization.measure_overlay import draw_measures

from .calibration import Calibration
from .face_rows import FaceRows, MeasuredFace
from .framing import Frame, frame_around
from .judgement import Judgement, judge_faces
from .landmark_model import LandmarkModel
from .locating import Framing, locate
from .photograph_table import PhotographTable, Subject
from .row_file import RowFile

__all__ = ['FolderMeasurer', 'printable']

#: Photographs held at once, in bytes: they are framed three times.
_HELD = 256 * 2**20
#: Width of a second face, in that of the largest, that leaves it open whose
#: face is wanted.
_RIVAL = 0.5

_CROWDED = 'another face is at least half as wide: which one is wanted?'
_NO_FACE = dict(
    status='no face found',
    remarks='turn it upright, or crop it nearer to the face',
)


class _Photograph(NamedTuple):
    """A photograph that was read, or why it was not."""

    file: str
    image: np.ndarray | None
    frame: Frame | None
    cells: dict
    crowded: bool = False


def printable(file: str) -> str:
    """A file's name as UTF-8 can hold it."""
    return file.encode('utf-8', 'backslashreplace').decode()


class FolderMeasurer:
    """Measures photographs batch by batch, and forgets them.

    Args:
        model (LandmarkModel): Trained.
        rows (FaceRows): Makes rows of what it finds.
        folder (str): Of the photographs.
        calibration (Calibration, optional): Of the model. Without it there is
            no check whether a whole image looks like a face.
        start (str): Where the search for the landmarks begins: at the
            detected ``'face'``, with the whole ``'image'``, or ``'auto'``: at
            the face, and if none is detected with the whole image, which
            then counts only if it looks like the training faces.
        table (PhotographTable, optional): What is known of the photographs.
        mm_per_px (float, optional): Scale of those that the table does not
            tell.
        overlays (str, optional): Folder of a picture of each face.
        batch_size (int): Photographs at once. Defaults to 8.
        framing (Framing, optional): Of the training faces, instead of the
            calibration's.
        trained (Set[str]): Photographs of people who trained the model.

    Raises:
        InputError: If the framing is not known, or the start needs a face
            detector that does not know the training images.
    """

    def __init__(
        self,
        model: LandmarkModel,
        rows: FaceRows,
        folder: str,
        calibration: Calibration | None = None,
        start: str = 'auto',
        table: PhotographTable | None = None,
        mm_per_px: float | None = None,
        overlays: str | None = None,
        batch_size: int = 8,
        framing: Framing | None = None,
        trained: Set[str] = frozenset(),
    ) -> None:
        framing = calibration.framing if calibration else framing
        if framing is None:
            raise InputError(
                where='--calibration',
                found='not given',
                expected='a file that says how the training faces are framed',
                cure='Make it: mmpose_ctd calibrate CONFIG CHECKPOINT '
                '--out FILE.json',
            )
        if framing.face_box is None:
            if start == 'face':
                raise InputError(
                    '--framing face: the face detector does not find the '
                    'faces of the training images, so that it cannot tell '
                    'how to frame others. Use --framing image, with '
                    'photographs cut out as the training images are.'
                )
            start = 'image'
        self.model, self.rows, self.folder = model, rows, folder
        self.calibration, self.framing = calibration, framing
        self.start, self.table, self.mm_per_px = start, table, mm_per_px
        self.overlays, self.batch_size = overlays, batch_size
        self.trained = trained

    def run(
        self,
        files: Sequence[str],
        out: RowFile,
        advance: Callable[[int], None] = lambda count: None,
    ) -> dict[str, int]:
        """Measure, and write each batch's rows before the next is read.

        Args:
            files (Sequence[str]): Names relative to the folder.
            out (RowFile): Takes the rows; photographs that it has already
                are passed over.
            advance (Callable): Told how many more are done.

        Returns:
            dict[str, int]: How many rows have each status.
        """
        counts: dict[str, int] = {}
        left = [file for file in files if printable(file) not in out.done]
        for batch in self._batches(left):
            rows = self._measure(batch)
            out.write(rows)
            for row in rows:
                counts[row['status']] = counts.get(row['status'], 0) + 1
            advance(len(batch))
        return counts

    def _batches(self, files: Sequence[str]) -> Iterator[list[_Photograph]]:
        batch, held = [], 0
        for file in files:
            photograph = self._read(file)
            size = 0 if photograph.image is None else photograph.image.nbytes
            if batch and held + size > _HELD:
                yield batch
                batch, held = [], 0
            batch.append(photograph)
            held += size
            # A name would keep its pixels until the next one is read.
            del photograph
            if len(batch) == self.batch_size:
                yield batch
                batch, held = [], 0
        if batch:
            yield batch

    def _read(self, file: str) -> _Photograph:
        cells = dict(file=printable(file), status='', remarks='')
        path = os.path.join(self.folder, *file.split('/'))
        try:
            image = read_upright(path)
        except (InputError, OSError, MemoryError) as error:
            reason = _reason(error)
            return _Photograph(
                file,
                None,
                None,
                cells
                | dict(
                    status='unreadable',
                    remarks=' '.join(printable(reason).split()),
                ),
            )
        height, width = image.shape[:2]
        cells |= dict(width_px=width, height_px=height)
        whole = frame_around((0, 0, width, height), self.model.aspect)
        if self.start == 'image':
            return _Photograph(file, image, whole, cells | dict(start='image'))
        faces = detect_faces(image)
        cells['faces'] = len(faces)
        if faces:
            frame = self.framing.frame_of_face(faces[0], self.model.aspect)
            crowded = len(faces) > 1 and any(
                face[2] >= _RIVAL * faces[0][2] for face in faces[1:]
            )
            return _Photograph(
                file, image, frame, cells | dict(start='face'), crowded
            )
        if self.start == 'auto':
            return _Photograph(file, image, whole, cells | dict(start='image'))
        return _Photograph(file, None, None, cells | _NO_FACE)

    def _measure(self, batch: list[_Photograph]) -> list[dict]:
        shown = [photo for photo in batch if photo.image is not None]
        faces: dict[str, MeasuredFace] = {}
        if shown:
            found, moves = locate(
                self.model,
                [photo.image for photo in shown],
                [photo.frame for photo in shown],
                self.framing,
            )
            judgements: list[Judgement | None] = [None] * len(shown)
            if self.calibration:
                judgements = judge_faces(
                    self.calibration,
                    found.points,
                    found.features,
                    moves,
                    found.spreads,
                )
                judgements = [
                    one._replace(reasons=[*one.reasons, _CROWDED])
                    if photo.crowded
                    else one
                    for photo, one in zip(shown, judgements)
                ]
            made = self.rows.make(
                found,
                judgements,
                [self._subject(photo.file) for photo in shown],
                self.model.pipeline.input_size[0],
            )
            faces = {
                photo.file: face
                for photo, face, judgement in zip(shown, made, judgements)
                if not _is_no_face(photo, judgement)
            }
        return [self._row(photo, faces.get(photo.file)) for photo in batch]

    def _subject(self, file: str) -> Subject:
        known = (self.table and self.table.get(file)) or Subject()
        scale = known.mm_per_px or self.mm_per_px
        return Subject(scale, known.age, known.sex)

    def _row(self, photo: _Photograph, face: MeasuredFace | None) -> dict:
        row = dict(photo.cells)
        if face is None:
            if photo.image is not None:
                row |= _NO_FACE | dict(start='')
            return row
        row |= face.row
        remarks = [face.row['remarks']] if face.row['remarks'] else []
        if row.get('faces', 0) > 1:
            remarks.append(f'{row["faces"]} faces: the largest is measured')
        if row.get('start') == 'image' and row.get('faces') == 0:
            remarks.append('no face detected: the whole image taken for one')
        if self.table is not None and self.table.get(photo.file) is None:
            remarks.append('not in the table')
        if photo.file in self.trained:
            remarks.append('this person trained the model')
        row['remarks'] = '; '.join(remarks)
        if self.overlays:
            self._draw(photo, face, row)
        return row

    def _draw(self, photo: _Photograph, face: MeasuredFace, row: dict) -> None:
        lines = {
            one.name: tuple(self.model.names.index(part) for part in one.of)
            for one in self.rows.columns.measurements
            if one.kind == 'distance'
        }
        picture = draw_measures(
            photo.image,
            face.points,
            face.radii,
            face.values,
            lines,
            row['status'],
            row['remarks'],
        )
        # As the photograph; a.jpg and a.png have pictures of their own.
        path = os.path.join(self.overlays, *photo.file.split('/')) + '.png'
        os.makedirs(os.path.dirname(path), exist_ok=True)
        done, data = cv2.imencode('.png', picture)
        if not done:
            print(f'warning: no picture of {photo.file}', file=sys.stderr)
            return
        with open(path, 'wb') as file:
            file.write(data.tobytes())


def _reason(error: Exception) -> str:
    """Why a photograph was not read, without its place, which the row has."""
    if isinstance(error, InputError):
        return error.text(with_where=False) or str(error)
    return getattr(error, 'strerror', None) or 'too large'


def _is_no_face(photo: _Photograph, judgement: Judgement | None) -> bool:
    """Whether nothing says that there is a face.

    No detector saw one, and the whole image does not look like one, or
    nothing is known of how training faces look.
    """
    return photo.cells.get('faces') == 0 and (
        judgement is None or bool(judgement.reasons)
    )
