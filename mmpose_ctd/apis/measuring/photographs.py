"""Measures the faces of a folder of photographs."""

import math
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from mmpose_ctd.datasets.face_detection import detect_faces
from mmpose_ctd.datasets.image_file import IMAGE_SUFFIXES
from mmpose_ctd.datasets.mesh_file import (
    MESH_UNITS,
    read_mesh,
    texture_of,
    texture_size,
)
from mmpose_ctd.datasets.textured_mesh import TexturedMesh
from mmpose_ctd.datasets.upright_image import read_upright
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.evaluation.functional import measurement_units
from mmpose_ctd.files import sha256_of, write_whole
from mmpose_ctd.visualization.measure_overlay import draw_measures

from .calibration import Calibration, Judgement, checked_calibration
from .framing import Frame, Framing, frame_around
from .labelled_faces import learned_framing
from .landmark_model import LandmarkModel, locate
from .rows import Column, FaceRows, MeasuredFace
from .surfaces import face_surface
from .user_tables import (
    Norms,
    PhotographTable,
    Subject,
    load_table,
    print_warning,
    warn_of_ages,
    who_trained,
)

# Photographs that the network sees at once.
_BATCH = 8
#: Photographs held at once, in bytes; each is framed three times.
_HELD = 256 * 2**20
#: From this share of the largest face's width on, it is not clear whose face
#: is wanted.
_RIVAL = 0.5

#: A mesh whose texture is measured.
_MESH = '.obj'
#: Quarter turns, counter-clockwise -> in words.
_TURNS = {1: 'left by 90 degrees', 3: 'right by 90 degrees', 2: 'upside down'}

#: Why a photograph with two faces is to be checked.
CROWDED = 'another face is at least half as wide: which one is wanted?'
_NO_FACE = (
    'no face is detected: it must be upright, frontal and at least a twelfth '
    'as wide as the photograph'
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
    mesh_unit: str = 'mm',
    v_axis: str = 'up',
) -> 'MeasuredPhotographs':
    """Measure the faces of a folder of photographs, or of meshes.

    If the folder holds OBJ files, their textures, found through the ``.mtl``
    files, are the photographs, and the landmarks are lifted onto the meshes:
    measures are in mm, along the straight line and along the surface.

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
        mesh_unit (str): Of OBJ files: mm, cm, m or inch. Defaults to
            ``'mm'``.
        v_axis (str): Of OBJ files, see :func:`.lift`. Defaults to ``'up'``.

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
    for option, value, known in (
        ('--framing', start, ('auto', 'face', 'image')),
        ('--mesh-unit', mesh_unit, MESH_UNITS),
        ('--v-axis', v_axis, ('up', 'down')),
    ):
        if value not in known:
            raise InputError(
                where=f'{option} {value}',
                expected=f'one of {", ".join(known)}',
            )
    note_site(model)
    files, others = list_photographs(photographs, recursive)
    if others:
        print(f'{others} other files of {photographs} are skipped.')
    lifted = files[0].lower().endswith(_MESH)
    if lifted:
        print(f'{len(files)} meshes: measured in mm on their surfaces.')
        if mm_per_px is not None:
            raise InputError(
                where='--mm-per-px',
                found='given for meshes, which have their own scale',
                cure='Leave it out; --mesh-unit states the unit of the '
                'meshes.',
            )
    file = calibration if isinstance(calibration, str) else None
    calibration = checked_calibration(calibration, model)
    if calibration:
        framing = calibration.framing
        ages = calibration.about.get('training_ages') or ()
    else:
        framing, ages = learned_framing(model)
    search = start
    if framing.face_box is None and not model.finds_mesh:
        search = 'image'
        if start == 'face':
            raise InputError(
                where='--framing face',
                found='the face detector does not find the faces of the '
                'training images, so how to frame others is unknown',
                expected='--framing image',
                cure='Give photographs cut out as the training images are.',
            )
    # Textures may lie anywhere.
    known = load_table(table, photographs, None if lifted else files)
    warn_of_ages(known, files, ages)
    columns = known.columns if known else ()
    mm = not lifted and (mm_per_px is not None or 'mm_per_px' in columns)
    units = measurement_units(model.measurements, mm or lifted)
    scores = norms and Norms(norms, units)
    if scores and scores.unused:
        print(
            f'--norms {norms}: nothing is measured for '
            f'{", ".join(scores.unused[:5])}.'
        )
    return MeasuredPhotographs(
        model,
        photographs,
        files,
        FaceRows(model, calibration, scores, mm, ages, lifted),
        framing,
        start=search,
        table=known,
        mm_per_px=mm_per_px,
        overlays=overlays,
        mesh=(mesh_unit, v_axis) if lifted else None,
        trained=who_trained(model, table, known),
        settings=dict(
            weights=model.fingerprint,
            calibrated=calibration is not None,
            calibration=calibration and calibration.about,
            calibration_sha256=file and sha256_of(file),
            norms_sha256=norms and sha256_of(norms),
            framing=start,
            site=model.site,
            mm_per_px=mm_per_px,
            mesh_unit=mesh_unit if lifted else None,
            v_axis=v_axis if lifted else None,
        ),
    )


def note_site(model: LandmarkModel) -> None:
    """Say so if the model could follow one annotator, but follows none."""
    if model.site is None and len(model.sites) > 1:
        print_warning(
            'the sites of the training faces place some landmarks '
            'differently. Landmarks follow their mean; '
            f'--site {" or --site ".join(model.sites)} follows one.',
            'note',
        )


class _Photograph(NamedTuple):
    """A photograph that was read; without image, ``row`` says why."""

    file: str
    row: dict
    image: np.ndarray | None = None
    frame: Frame | None = None
    crowded: bool = False
    mesh: TexturedMesh | None = None


@dataclass
class MeasuredPhotographs:
    """Measures photographs batch by batch, see :func:`measure`.

    Attributes:
        model (LandmarkModel): Trained.
        folder (str): Of the photographs.
        files (list[str]): The photographs, or the meshes, relative to the
            folder.
        face_rows (FaceRows): Makes rows; has the calibration.
        framing (Framing): Of the training faces.
        mesh (tuple[str, str], optional): Unit and axis v of meshes; None for
            photographs.
        trained (set[str]): Photographs of people who trained the model.
        settings (dict): What decides about the rows, for JSON.
    """

    model: LandmarkModel
    folder: str
    files: list[str]
    face_rows: FaceRows
    framing: Framing
    start: str
    table: PhotographTable | None = None
    mm_per_px: float | None = None
    overlays: str | None = None
    mesh: tuple[str, str] | None = None
    trained: Collection[str] = ()
    settings: dict = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Column]:
        """Columns of the rows, by title."""
        return self.face_rows.columns

    def __iter__(self) -> Iterator[dict]:
        return self.rows()

    def rows(self, done: Collection[str] = frozenset()) -> Iterator[dict]:
        """Measure files not in ``done``; hold one batch at a time."""
        return (found.row for found in self.faces(done))

    def faces(
        self, done: Collection[str] = frozenset()
    ) -> Iterator[MeasuredFace]:
        """As :meth:`rows`, with the landmarks as arrays."""
        batch: list[_Photograph] = []
        for file in self.files:
            if printable(file) in done:
                continue
            batch.append(self._read(file))
            images = [one.image for one in batch if one.image is not None]
            if len(batch) == _BATCH or sum(i.nbytes for i in images) > _HELD:
                yield from self._measure(batch)
                batch, images = [], []
        yield from self._measure(batch)

    def _read(self, file: str) -> _Photograph:
        """Read a photograph, and find out where to start."""
        row = dict.fromkeys(self.columns) | dict(remarks='')
        row['file'] = printable(file)
        path, mesh = os.path.join(self.folder, file), None
        try:
            if self.mesh:
                texture = texture_of(path)
                texture_size(texture)
                mesh = read_mesh(path, texture, self.mesh[0])
                path = texture
            image = read_upright(path)
        except (InputError, OSError, MemoryError) as error:
            reason = getattr(error, 'strerror', None) or 'too large'
            if isinstance(error, InputError):
                # Without its path.
                reason = error.text(with_where=False) or str(error)
            reason = ' '.join(printable(reason).split())
            row |= dict(status='unreadable', remarks=reason)
            return _Photograph(file, row)
        return self._start_in(image, file, row, mesh)

    def row_of(self, image: np.ndarray) -> dict:
        """Measure an upright image, (H, W, 3), uint8, BGR."""
        row = dict.fromkeys(self.columns) | dict(remarks='')
        (found,) = self._measure([self._start_in(image, '', row)])
        return found.row

    def _start_in(
        self,
        image: np.ndarray,
        file: str,
        row: dict,
        mesh: TexturedMesh | None = None,
    ) -> _Photograph:
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
                crowded = any(f[2] >= _RIVAL * faces[0][2] for f in faces[1:])
                return _Photograph(file, row, image, frame, crowded, mesh)
            if self.start == 'face' or self.model.finds_mesh:
                return _Photograph(file, row | _no_face(image))
        row['start'] = 'image'
        whole = frame_around((0, 0, width, height), aspect)
        return _Photograph(file, row, image, whole, mesh=mesh)

    def _measure(self, batch: list[_Photograph]) -> Iterator[MeasuredFace]:
        """Rows and faces of a batch, in its order."""
        shown = [photo for photo in batch if photo.image is not None]
        made = self._faces(shown)
        for photo in batch:
            if photo.image is None:
                yield MeasuredFace(photo.row)
                continue
            face, judgement = next(made)
            # No detector saw a face, and the whole image does not look like
            # one, or nothing says how faces look.
            if photo.row['faces'] == 0 and (
                judgement is None or judgement.reasons
            ):
                row = photo.row | _no_face(photo.image) | dict(start=None)
                yield MeasuredFace(row)
            else:
                yield replace(face, row=self._row(photo, face))

    def _faces(
        self, shown: list[_Photograph]
    ) -> Iterator[tuple[MeasuredFace, Judgement | None]]:
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
        for i, (photo, judgement) in enumerate(zip(shown, judgements)):
            if photo.crowded and judgement:
                judgement.reasons.append(CROWDED)
            points, size = found.points[i], photo.image.shape[1::-1]
            face = self.face_rows.make(
                points,
                found.frames[i],
                {name: v[i : i + 1] for name, v in found.spreads.items()},
                judgement,
                self._subject(photo.file),
                size,
                photo.mesh
                and face_surface(
                    photo.mesh, points, size, self.model, self.mesh[1]
                ),
            )
            yield face, judgement

    def photograph_of(self, file: str) -> str:
        """The photograph of a file, as tables name it: a mesh's texture."""
        if not self.mesh:
            return file
        try:
            texture = texture_of(os.path.join(self.folder, file))
        except (InputError, OSError):
            return file
        return os.path.relpath(texture, self.folder).replace(os.sep, '/')

    def subject_of(self, file: str) -> Subject | None:
        """What the table says of a file, if anything."""
        if self.table is None:
            return None
        return self.table.rows.get(self.photograph_of(file))

    def _subject(self, file: str) -> Subject:
        known = self.subject_of(file) or Subject()
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
        if self.table is not None and self.subject_of(photo.file) is None:
            remarks.append('not in the table')
        if self.photograph_of(photo.file) in self.trained:
            remarks.append('this person trained the model')
        row['remarks'] = '; '.join(remarks)
        if self.overlays:
            self._draw(photo, face, row)
        return row

    def _draw(self, photo: _Photograph, face: MeasuredFace, row: dict) -> None:
        names = self.model.names
        lines = {
            one.name: tuple(names.index(part) for part in one.of)
            for one in self.model.measurements
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


def _no_face(image: np.ndarray) -> dict:
    """What a row says of a photograph without a face, and why."""
    # Upside down, the detector finds small false faces.
    widths = {
        way: max((box[2] for box in detect_faces(turned)), default=0)
        for turns, way in _TURNS.items()
        for turned in [np.ascontiguousarray(np.rot90(image, turns))]
    }
    way = max(widths, key=widths.get)
    remark = f'the photograph is turned: turn it {way}'
    return dict(
        status='no face found', remarks=remark if widths[way] else _NO_FACE
    )


def list_photographs(
    folder: str, recursive: bool = False
) -> tuple[list[str], int]:
    """The photographs of a folder, by the endings of their names.

    If there are meshes, these, as the photographs are their textures. Hidden
    files are ignored; macOS leaves some beside every photograph.

    Returns:
        tuple[list[str], int]: Their names relative to the folder with ``/``,
        sorted, and the number of other files (of meshes: not counted).
    """
    if not os.path.isdir(folder):
        raise MissingFileError(
            where=folder,
            found='not a folder',
            expected='the folder of the photographs',
        )
    pattern = '**/*' if recursive else '*'
    below = [path.relative_to(folder) for path in Path(folder).glob(pattern)]
    below = [path for path in below if '/.' not in f'/{path.as_posix()}']
    files = [path for path in below if not Path(folder, path).is_dir()]
    for suffixes in ({_MESH}, IMAGE_SUFFIXES):
        found = [path for path in files if path.suffix.lower() in suffixes]
        if found:
            others = len(files) - len(found) if _MESH not in suffixes else 0
            return sorted(path.as_posix() for path in found), others
    folders = len(below) - len(files)
    raise InputError(
        where=folder,
        found='no photograph and no mesh',
        expected='files that end in '
        f'{", ".join(sorted({*IMAGE_SUFFIXES, _MESH}))}',
        cure=f'It has {folders} subfolders: --recursive reads them.'
        if folders and not recursive
        else '',
    )


def printable(file: str) -> str:
    """A file's name as UTF-8 can hold it."""
    return file.encode('utf-8', 'backslashreplace').decode()
