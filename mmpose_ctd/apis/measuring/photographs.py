"""Measures the faces of a folder of photographs."""

import math
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from mmpose_ctd.datasets.face_detection import detect_faces
from mmpose_ctd.datasets.image_file import IMAGE_SUFFIXES
from mmpose_ctd.datasets.upright_image import read_upright
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.evaluation.functional import (
    measurement_units,
    measurements_of_set,
)
from mmpose_ctd.files import sha256_of, write_whole
from mmpose_ctd.visualization.measure_overlay import draw_measures

from .calibration import Calibration, read_calibration
from .framing import Frame, Framing, frame_around
from .labelled_faces import load_faces, training_framing
from .landmark_model import LandmarkModel, locate
from .rows import Column, FaceRows, MeasuredFace
from .user_tables import (
    Norms,
    PhotographTable,
    Subject,
    load_table,
    print_warning,
    who_trained,
)

#: Photographs held at once, in bytes; each is framed three times.
_HELD = 256 * 2**20
#: From this share of the largest face's width on, it is not clear whose face
#: is wanted.
_RIVAL = 0.5
#: Training faces that show how all are framed.
_SHOW_FRAMING = 200

#: Why a photograph with two faces is to be checked.
CROWDED = 'another face is at least half as wide: which one is wanted?'
_NO_FACE = dict(
    status='no face found',
    remarks='turn it upright, or crop it nearer to the face',
)


def measure(
    model: LandmarkModel,
    photographs: str,
    calibration: Calibration | str | None = None,
    *,
    recursive: bool = False,
    start: str = 'auto',
    mm_per_px: float | None = None,
    table: str | None = None,
    norms: str | None = None,
    overlays: str | None = None,
    batch_size: int = 8,
) -> 'MeasuredPhotographs':
    """Measure the faces of a folder of photographs.

    Args:
        model (LandmarkModel): Trained.
        photographs (str): The folder.
        calibration (Calibration or str, optional): Of the model, or its
            file. Without it there are no intervals and no warnings, and the
            training images must be there.
        recursive (bool): Whether to read subfolders. Defaults to False.
        start (str): Where the search for the landmarks starts: at the
            detected ``'face'``, with the whole ``'image'``, or ``'auto'``: at
            the face, and if none is detected with the whole image, which
            then counts only if it looks like the training faces. Dense
            landmarks find the face of a model with a :class:`.FindMeshBox`.
        mm_per_px (float, optional): Scale of photographs for which the table
            gives none.
        table (str, optional): CSV file, see :class:`.PhotographTable`.
        norms (str, optional): CSV file, see :class:`.Norms`.
        overlays (str, optional): Folder for a picture of each face.
        batch_size (int): Photographs at once. Defaults to 8.

    Returns:
        MeasuredPhotographs: Iterate over it to measure: it yields a dict for
        each photograph, with all columns (file, status, remarks, measures,
        intervals, landmarks), None where there is no value.

    Raises:
        InputError: If folder, calibration, table, norms or an option cannot
            be used.

    Examples:
        >>> model = LandmarkModel('configs/myset.py', 'model.pth')
        ... # doctest: +SKIP
        >>> rows = measure(model, 'photographs', 'calibration.json')
        ... # doctest: +SKIP
        >>> table = pandas.DataFrame(list(rows))  # doctest: +SKIP
    """
    if mm_per_px is not None and not 0 < mm_per_px < math.inf:
        raise InputError(
            where=f'--mm-per-px {mm_per_px}', expected='a number above 0'
        )
    if batch_size < 1:
        raise InputError(
            where=f'--batch-size {batch_size}', expected='1 or more'
        )
    if start not in ('auto', 'face', 'image'):
        raise InputError(
            where=f'--framing {start}', expected='auto, face or image'
        )
    framing_option = start
    files, others = list_photographs(photographs, recursive)
    if others:
        print(f'{others} other files of {photographs} are skipped.')
    file = calibration if isinstance(calibration, str) else None
    calibration = checked_calibration(calibration, model)
    framing = calibration.framing if calibration else learned_framing(model)
    if framing.face_box is None and not model.finds_mesh:
        if start == 'face':
            raise InputError(
                where='--framing face',
                found='the face detector does not find the faces of the '
                'training images, so how to frame others is unknown',
                expected='--framing image',
                cure='Give photographs cut out as the training images are.',
            )
        start = 'image'
    known = load_table(table, photographs)
    measurements = measurements_of_set(model.metainfo)
    mm = mm_per_px is not None or (known and 'mm_per_px' in known.columns)
    scores = norms and Norms(norms, measurement_units(measurements, bool(mm)))
    if scores and scores.unused:
        print(
            f'--norms {norms}: nothing is measured for '
            f'{", ".join(scores.unused[:5])}.'
        )
    return MeasuredPhotographs(
        model,
        photographs,
        files,
        FaceRows(model.names, measurements, calibration, scores, bool(mm)),
        framing,
        start=start,
        table=known,
        mm_per_px=mm_per_px,
        overlays=overlays,
        batch_size=batch_size,
        trained=who_trained(model, table, known),
        settings=dict(
            weights=model.fingerprint,
            calibrated=calibration is not None,
            calibration=calibration and calibration.about,
            calibration_sha256=file and sha256_of(file),
            norms_sha256=norms and sha256_of(norms),
            framing=framing_option,
            mm_per_px=mm_per_px,
        ),
    )


class _Photograph(NamedTuple):
    """A photograph that was read; without image, ``row`` says why."""

    file: str
    row: dict
    image: np.ndarray | None = None
    frame: Frame | None = None
    crowded: bool = False


@dataclass
class MeasuredPhotographs:
    """Measures photographs batch by batch, see :func:`measure`.

    Attributes:
        model (LandmarkModel): Trained.
        folder (str): Of the photographs.
        files (list[str]): The photographs, relative to the folder.
        face_rows (FaceRows): Makes rows; has the calibration.
        framing (Framing): Of the training faces.
        trained (set[str]): Photographs of people who trained the model.
        settings (dict): What decides about the rows, for JSON.
    """

    model: LandmarkModel
    folder: str
    files: list[str]
    face_rows: FaceRows
    framing: Framing
    start: str
    table: PhotographTable | None
    mm_per_px: float | None
    overlays: str | None
    batch_size: int
    trained: Collection[str]
    settings: dict

    @property
    def columns(self) -> dict[str, Column]:
        """Columns of the rows, by title."""
        return self.face_rows.columns

    def __iter__(self) -> Iterator[dict]:
        return self.rows()

    def rows(self, done: Collection[str] = frozenset()) -> Iterator[dict]:
        """Measure files not in ``done``; hold one batch at a time."""
        batch, held = [], 0
        left = [file for file in self.files if printable(file) not in done]
        for number, file in enumerate(left, start=1):
            batch.append(self._read(file))
            if batch[-1].image is not None:
                held += batch[-1].image.nbytes
            full = len(batch) == self.batch_size or held > _HELD
            if full or number == len(left):
                yield from self._measure(batch)
                batch, held = [], 0

    def _read(self, file: str) -> _Photograph:
        """Read a photograph, and find out where to start."""
        row = dict.fromkeys(self.columns)
        row |= dict(file=printable(file), remarks='')
        try:
            image = read_upright(os.path.join(self.folder, file))
        except (InputError, OSError, MemoryError) as error:
            reason = ' '.join(printable(_reason(error)).split())
            row |= dict(status='unreadable', remarks=reason)
            return _Photograph(file, row)
        height, width = image.shape[:2]
        row |= dict(width_px=width, height_px=height)
        aspect = self.model.aspect
        if self.start != 'image':
            faces, frame = detect_faces(image), None
            if self.model.finds_mesh:
                frame = self.model.mesh_frame(image)
            elif faces:
                frame = self.framing.frame_of_face(faces[0], aspect)
            row['faces'] = len(faces)
            if frame is not None:
                row |= dict(start='face', faces=max(1, len(faces)))
                rivals = [f[2] >= _RIVAL * faces[0][2] for f in faces[1:]]
                return _Photograph(file, row, image, frame, any(rivals))
            if self.start == 'face' or self.model.finds_mesh:
                return _Photograph(file, row | _NO_FACE)
        row['start'] = 'image'
        whole = frame_around((0, 0, width, height), aspect)
        return _Photograph(file, row, image, whole)

    def _measure(self, batch: list[_Photograph]) -> Iterator[dict]:
        """Rows of a batch, in its order."""
        shown = [photo for photo in batch if photo.image is not None]
        faces: dict[str, MeasuredFace] = {}
        if shown:
            found, moves = locate(
                self.model,
                [photo.image for photo in shown],
                [photo.frame for photo in shown],
                self.framing,
            )
            judgements = [None] * len(shown)
            if self.face_rows.calibration:
                judgements = self.face_rows.calibration.judge(
                    found.points, found.features, moves, found.spreads
                )
            for photo, judgement in zip(shown, judgements):
                if photo.crowded and judgement:
                    judgement.reasons.append(CROWDED)
            made = self.face_rows.make(
                found,
                judgements,
                [self._subject(photo.file) for photo in shown],
                self.model.input_size[0],
            )
            for photo, face, judgement in zip(shown, made, judgements):
                # No detector saw a face, and the whole image does not look
                # like one, or nothing says how faces look.
                if photo.row['faces'] != 0 or (
                    judgement is not None and not judgement.reasons
                ):
                    faces[photo.file] = face
        for photo in batch:
            if photo.file in faces:
                yield self._row(photo, faces[photo.file])
            elif photo.image is not None:
                yield photo.row | _NO_FACE | dict(start=None)
            else:
                yield photo.row

    def _subject(self, file: str) -> Subject:
        known = (self.table and self.table.get(file)) or Subject()
        scale = known.mm_per_px or self.mm_per_px
        return Subject(scale, known.age, known.sex)

    def _row(self, photo: _Photograph, face: MeasuredFace) -> dict:
        measured = {k: v for k, v in face.row.items() if v is not None}
        row = photo.row | measured
        remarks = [row['remarks']] if row['remarks'] else []
        if (row['faces'] or 0) > 1:
            remarks.append(f'{row["faces"]} faces: the largest is measured')
        if row['faces'] == 0:
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
        names = self.model.names
        lines = {
            one.name: tuple(names.index(part) for part in one.of)
            for one in self.face_rows.measurements
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
        # a.jpg and a.png have pictures of their own.
        path = os.path.join(self.overlays, f'{photo.file}.png')
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_whole(path, cv2.imencode('.png', picture)[1].tobytes())


def list_photographs(
    folder: str, recursive: bool = False
) -> tuple[list[str], int]:
    """The photographs of a folder, by the endings of their names.

    Hidden files are ignored; macOS leaves some beside every photograph.

    Returns:
        tuple[list[str], int]: Their names relative to the folder with ``/``,
        sorted, and the number of other files.
    """
    if not os.path.isdir(folder):
        raise MissingFileError(
            where=folder,
            found='not a folder',
            expected='the folder of the photographs',
        )
    found, others, below = [], 0, 0
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith('.'))
        for file in files:
            if file.startswith('.'):
                continue
            if os.path.splitext(file)[1].lower() not in IMAGE_SUFFIXES:
                others += 1
                continue
            path = os.path.relpath(os.path.join(where, file), folder)
            found.append(path.replace(os.sep, '/'))
        if not recursive:
            below = len(folders)
            break
    if not found:
        raise InputError(
            where=folder,
            found='no photograph',
            expected=f'files that end in {", ".join(sorted(IMAGE_SUFFIXES))}',
            cure=f'It has {below} subfolders: --recursive reads them.'
            if below
            else '',
        )
    return sorted(found), others


def printable(file: str) -> str:
    """A file's name as UTF-8 can hold it."""
    return file.encode('utf-8', 'backslashreplace').decode()


def _reason(error: Exception) -> str:
    """Why a photograph was not read, without its path."""
    if isinstance(error, InputError):
        return error.text(with_where=False) or str(error)
    return getattr(error, 'strerror', None) or 'too large'


def checked_calibration(
    given: Calibration | str | None, model: LandmarkModel
) -> Calibration | None:
    """Read the calibration; warn of what is not known."""
    if given is None:
        print_warning(
            'without --calibration there are no intervals, and faces unlike '
            'the training faces are not noticed.'
        )
        return None
    path = 'the calibration'
    if isinstance(given, str):
        path, given = given, read_calibration(given)
    given.refuse_other_model(model, path)
    people = given.about.get('people')
    if people != 'compared':
        print_warning(
            'the people of the calibration were not compared with those who '
            'trained the model: '
            + (
                people
                or 'it was made by a version that did not. If in doubt, make '
                'it again.'
            )
        )
    return given


def learned_framing(model: LandmarkModel) -> Framing:
    """How the training faces are framed, without a calibration."""
    try:
        faces = load_faces(
            model.cfg, 'train_dataloader', model, most=_SHOW_FRAMING
        )
    except InputError as error:
        raise InputError(
            where='--calibration',
            found='not given, and the training images, which would show how '
            f'faces are framed, cannot be read ({error})',
            expected='one of the two',
            cure='Calibrate where the training images are: mmpose_ctd '
            'calibrate CONFIG CHECKPOINT --out FILE.json',
        ) from error
    return training_framing(faces, model)
