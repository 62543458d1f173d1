"""A landmark model that cannot err, and photographs for it.

Landmarks are spots of pure colours on a grey photograph; the model finds
their centroids in what it is shown: any error is that of the measuring.
"""

import cv2
import numpy as np

from mmpose_ctd.apis.measuring import photographs
from mmpose_ctd.apis.measuring.calibration import (
    Calibration,
    Familiarity,
    Limits,
    ModelFacts,
)
from mmpose_ctd.apis.measuring.error_model import LEVELS, ErrorModel
from mmpose_ctd.apis.measuring.familiarity import fit_appearance, fit_shape
from mmpose_ctd.apis.measuring.framing import Framing, cut_frame
from mmpose_ctd.apis.measuring.landmark_model import Prediction
from mmpose_ctd.apis.measuring.photographs import measure
from mmpose_ctd.evaluation.functional import standard_measurements

NAMES = ['exocanthion_R', 'endocanthion_R', 'subnasale']
COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]])
TEMPLATE = np.array([[0.3, 0.4], [0.55, 0.4], [0.45, 0.7]])
SIZE = 64
# In a photograph of 200x160: a face of the size 100, off the middle.
POINTS = TEMPLATE * 100 + (60, 30)


def photograph(points, size=(200, 160)):
    """Grey, with a spot at each point (x, y), BGR (height, width, 3)."""
    image = np.full((size[1], size[0], 3), 128, np.uint8)
    for (x, y), colour in zip(points, COLOURS):
        cv2.circle(
            image,
            (round(x * 16), round(y * 16)),
            6 * 16,
            colour.tolist(),
            -1,
            cv2.LINE_8,
            4,
        )
    return image


class SpotModel:
    """Finds the spots; without one it says the middle, and is unsure."""

    names = NAMES
    aspect = 1.0
    fingerprint = 'f' * 32
    input_size = (SIZE, SIZE)
    finds_mesh = False
    sites, site = (), None
    measurements = standard_measurements(NAMES)
    trained = dict(meta={})
    cfg: dict = {}

    def predict(self, images, frames, crop_size, sites=None):
        units, shown, sure = [], [], []
        for image, frame in zip(images, frames):
            picture, frame = cut_frame(image, frame, crop_size)
            height, width = picture.shape[:2]
            rows, columns = np.indices((height, width))
            found, seen = [], []
            for colour in COLOURS:
                # How much more than grey: spots fade where they are scaled.
                share = (picture.astype(float) - 128) @ (colour - 128)
                share = share / ((colour - 128) @ (colour - 128))
                share[share < 0.34] = 0
                seen.append(share.sum() > 0)
                weights = share if seen[-1] else np.ones_like(share)
                at = [(weights * v).sum() for v in (columns, rows)]
                found.append(np.array(at) / weights.sum())
            units.append((np.array(found) + 0.5) / width)
            shown.append(frame)
            sure.append(np.where(seen, 1.0, 9.0))
        spread = np.stack(sure)
        features = [[1.0, s.max(), 0.0] for s in spread]
        return Prediction(
            points=np.stack([f.to_image(u) for f, u in zip(shown, units)]),
            frames=shown,
            spreads=dict.fromkeys(
                ('moment', 'entropy', 'inverse_peak'), spread
            ),
            features=np.array(features),
        )


def spot_calibration(face_box=(0.0, 0.0, 2.0)):
    """Of the SpotModel: input px have an SD of 0.5 each."""
    radii = dict(zip(LEVELS, (1.2, 1.8, 2.4)))
    random = np.random.default_rng(0)
    faces = TEMPLATE + random.normal(0, 0.02, (30, 3, 2))
    features = np.column_stack([np.ones((30, 2)), random.normal(0, 0.05, 30)])
    return Calibration(
        about=dict(validation_faces=30, people='compared'),
        model=ModelFacts(SpotModel.fingerprint, NAMES, (SIZE, SIZE)),
        framing=Framing(TEMPLATE, (SIZE, SIZE), face_box),
        landmark_errors=ErrorModel(
            'none', np.log(0.5), 0.0, dict.fromkeys(NAMES, 0.0), radii
        ),
        measure_errors=ErrorModel(
            'none', 0.0, 0.0, {'palpebral_fissure_length_R': 0.0}, radii
        ),
        familiarity=Familiarity(
            Limits(4.0, 0.3, 25.0, 0.02, 2.0),
            fit_shape(faces).mean,
            fit_appearance(features),
        ),
    )


def measured(folder, face_box=(0.0, 0.0, 2.0), **options):
    """The rows of a folder, by file name."""
    calibration = spot_calibration(face_box)
    options = dict(recursive=True) | options
    rows = measure(SpotModel(), str(folder), calibration, **options)
    return {row['file']: row for row in rows}


def uncalibrated(folder, monkeypatch, **options):
    """The same, with the framing known and nothing else."""
    monkeypatch.setattr(
        photographs,
        'learned_framing',
        lambda model: (spot_calibration().framing, []),
    )
    rows = measure(SpotModel(), str(folder), **options)
    return {row['file']: row for row in rows}


def boxes(monkeypatch, *found):
    """Make these the faces (x, y, width, height) that are detected."""
    monkeypatch.setattr(photographs, 'detect_faces', lambda image: list(found))
