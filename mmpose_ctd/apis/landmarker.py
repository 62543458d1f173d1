"""Measures one photograph at a time, from Python."""

import dataclasses
import os

import numpy as np
from mmengine.config import Config

from mmpose_ctd.apis.measuring.calibration import (
    Calibration,
    checked_calibration,
)
from mmpose_ctd.apis.measuring.labelled_faces import learned_framing
from mmpose_ctd.apis.measuring.landmark_model import LandmarkModel
from mmpose_ctd.apis.measuring.photographs import (
    MeasuredPhotographs,
    note_site,
)
from mmpose_ctd.apis.measuring.rows import FaceRows
from mmpose_ctd.apis.reporting.work_dir import open_work_dir
from mmpose_ctd.errors import InputError, MissingFileError


class Landmarker:
    """A trained model that measures photographs.

    It finds what ``mmpose_ctd measure`` finds.

    Args:
        model (str or Config): A config, or the work dir of a training, which
            holds config and checkpoint.
        checkpoint (str, optional): A ``.pth`` of the training. Defaults to
            that of the work dir: the best, else the last.
        calibration (Calibration or str, optional): Of the model, or its file:
            for intervals and warnings. Without it the training images must be
            there: they show how faces are framed.
        mm_per_px (float, optional): Millimetres of a pixel, the same on all
            photographs.
        site (str, optional): See :class:`.LandmarkModel`.
        device (str, optional): Defaults to the GPU if there is one.

    Attributes:
        columns (dict[str, Column]): What a result holds, by title.

    Raises:
        InputError: If a file is missing or does not fit.

    Examples:
        >>> from mmpose_ctd import Landmarker
        >>> find = Landmarker('configs/myset.py', 'model.pth')
        ... # doctest: +SKIP
        >>> face = find('photo.jpg')  # doctest: +SKIP
        >>> face['palpebral_fissure_length_R_px']  # doctest: +SKIP
    """

    def __init__(
        self,
        model: str | Config,
        checkpoint: str | None = None,
        calibration: Calibration | str | None = None,
        *,
        mm_per_px: float | None = None,
        site: str | None = None,
        device: str | None = None,
    ) -> None:
        if not isinstance(model, Config) and os.path.isdir(model):
            run = open_work_dir(model)
            model, checkpoint = run.cfg, checkpoint or str(run.checkpoint)
        if checkpoint is None:
            raise InputError(
                where='Landmarker: checkpoint',
                found='not given',
                expected='a .pth of the training, or a work dir in place of '
                'the config',
            )
        for file in (model, checkpoint):
            if not isinstance(file, Config) and not os.path.isfile(file):
                raise MissingFileError(where=str(file), found='no such file')
        found = LandmarkModel(model, checkpoint, device, site)
        note_site(found)
        known = checked_calibration(calibration, found)
        framing = known.framing if known else learned_framing(found)[0]
        faces = found.finds_mesh or framing.face_box is not None
        self._measurer = MeasuredPhotographs(
            found,
            folder='',
            files=[],
            face_rows=FaceRows(found, known, mm=mm_per_px is not None),
            framing=framing,
            start='auto' if faces else 'image',
            mm_per_px=mm_per_px,
        )
        self.columns = self._measurer.columns

    def __call__(self, photo: str | os.PathLike | np.ndarray) -> dict:
        """Measure a photograph.

        Args:
            photo (str, os.PathLike or np.ndarray): A file of any size and
                orientation, or an upright image, (H, W, 3), uint8, BGR.

        Returns:
            dict: A row of ``mmpose_ctd measure``: status, remarks, measures,
            their intervals and the landmarks (``<name>_x_px``); None where
            there is no value. ``columns`` explains it.

        Raises:
            MissingFileError: If there is no such file. One that cannot be
                read has the status ``unreadable``.
            InputError: If an array is no such image.
        """
        if isinstance(photo, np.ndarray):
            if photo.dtype != np.uint8 or photo.shape[2:] != (3,):
                raise InputError(
                    where='Landmarker: photo',
                    found=f'{photo.dtype} {photo.shape}',
                    expected='uint8, (H, W, 3), BGR',
                )
            return self._measurer.row_of(photo)
        if not os.path.isfile(photo):
            raise MissingFileError(where=str(photo), found='no such file')
        folder, name = os.path.split(os.path.abspath(photo))
        (row,) = dataclasses.replace(
            self._measurer, folder=folder, files=[name]
        )
        return row
