"""What is known of a model's errors, and of the faces it was trained on.

A JSON file that a person can read: numbers, means and directions of variation
over all faces; no names, no ids, no paths, nothing of a single face.
"""

import base64
import json
import os
from dataclasses import asdict, dataclass, field

import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError

from .error_model import ErrorModel
from .familiarity import Appearance, Shape
from .locating import Framing

__all__ = ['Calibration', 'read_calibration', 'write_calibration']

_FORMAT = 'mmpose_ctd calibration'
_VERSION = 1


@dataclass
class Calibration:
    """Contents of a calibration file.

    Attributes:
        fingerprint (str): Of the model's weights.
        names (list[str]): The K landmarks.
        input_size (tuple[int, int]): Width and height of the network input.
        framing (Framing): Of the training faces.
        errors (ErrorModel): Of the landmarks.
        measures (list[str]): Names of the measures that are calibrated.
        measure_errors (ErrorModel): Of the measures, in units of the SDs that
            the landmarks' give; spread ``'none'``.
        appearance (Appearance): Of the training faces.
        shape (Shape): Of the training faces.
        limits (dict[str, float]): Largest usual values, see
            :mod:`.judgement`.
        statement (dict): What the calibration found, for people.
    """

    fingerprint: str
    names: list
    input_size: tuple
    framing: Framing
    errors: ErrorModel
    measures: list
    measure_errors: ErrorModel
    appearance: Appearance
    shape: Shape
    limits: dict
    statement: dict = field(default_factory=dict)

    def measure_factor(self, name: str) -> float:
        """By which a measure's propagated SD is multiplied."""
        model = self.measure_errors
        known = name in self.measures
        own = model.landmarks[self.measures.index(name)] if known else 0.0
        return float(np.exp(model.offset + own))

    def check_model(self, model, path: str) -> None:
        """Refuse the calibration of another model.

        Args:
            model (LandmarkModel): What is to be measured with.
            path (str): The calibration file, for the message.

        Raises:
            InputError: If weights, landmarks or input size differ.
        """
        same = (
            self.fingerprint == model.fingerprint
            and self.names == model.names
            and tuple(self.input_size) == model.pipeline.input_size
        )
        if not same:
            raise InputError(
                f'{path}: belongs to another checkpoint or input size '
                f'(weights {self.fingerprint[:8]}, input '
                f'{"x".join(map(str, self.input_size))}; here '
                f'{model.fingerprint[:8]}, '
                f'{"x".join(map(str, model.pipeline.input_size))}). Make one '
                'for this model: python tools/calibrate.py CONFIG CHECKPOINT '
                '--out FILE.json'
            )


def write_calibration(calibration: Calibration, path: str) -> None:
    """Write to a temporary name beside ``path``, then rename."""
    c = calibration
    content = dict(
        format=_FORMAT,
        version=_VERSION,
        about=c.statement,
        model=dict(
            fingerprint=c.fingerprint,
            landmarks=c.names,
            input_size=list(c.input_size),
        ),
        framing=dict(
            template=_numbers(c.framing.template),
            crop_size=list(c.framing.crop_size),
            face_box=c.framing.face_box and list(c.framing.face_box),
        ),
        landmark_errors=_error_model(c.errors, c.names),
        measure_errors=_error_model(c.measure_errors, c.measures),
        familiarity=dict(
            limits=c.limits,
            mean_shape=_numbers(c.shape.mean),
            appearance={
                key: _packed(value) if isinstance(value, np.ndarray) else value
                for key, value in asdict(c.appearance).items()
            },
        ),
    )
    part = f'{path}.part'
    with open(part, 'w', encoding='utf-8') as file:
        json.dump(content, file, indent=1, allow_nan=False)
    os.replace(part, path)


def read_calibration(path: str) -> Calibration:
    """Read what :func:`write_calibration` wrote, and check it.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is no calibration, or is damaged.
    """
    if not os.path.isfile(path):
        raise MissingFileError(
            f'The calibration {path!r} does not exist. Make one: python '
            'tools/calibrate.py CONFIG CHECKPOINT --out FILE.json'
        )
    try:
        with open(path, encoding='utf-8') as file:
            content = json.load(file)
    except ValueError as error:
        raise InputError(
            f'{path}: no JSON file ({error}). Make the calibration anew.'
        ) from error
    if not isinstance(content, dict) or content.get('format') != _FORMAT:
        raise InputError(
            f'{path}: no calibration; expected a file that '
            'tools/calibrate.py wrote.'
        )
    if content.get('version') != _VERSION:
        raise InputError(
            f'{path}: a calibration of version {content.get("version")!r}; '
            f'this program reads version {_VERSION}. Make it anew.'
        )
    try:
        return _parse(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f'{path}: a damaged calibration ({type(error).__name__}: '
            f'{error}). Make it anew.'
        ) from error


def _parse(content: dict) -> Calibration:
    model, known = content['model'], content['familiarity']
    names = [str(name) for name in model['landmarks']]
    measures, measure_errors = _read_errors(content['measure_errors'])
    of, errors = _read_errors(content['landmark_errors'])
    box = content['framing']['face_box']
    appearance = {
        key: _unpacked(value) if isinstance(value, dict) else float(value)
        for key, value in known['appearance'].items()
    }
    calibration = Calibration(
        fingerprint=str(model['fingerprint']),
        names=names,
        input_size=tuple(int(side) for side in model['input_size']),
        framing=Framing(
            _array(content['framing']['template'], (len(names), 2)),
            tuple(int(side) for side in content['framing']['crop_size']),
            box and tuple(float(v) for v in box),
        ),
        errors=errors,
        measures=measures,
        measure_errors=measure_errors,
        appearance=Appearance(**appearance),
        shape=Shape(_array(known['mean_shape'], (len(names), 2))),
        limits={k: float(v) for k, v in known['limits'].items()},
        statement=dict(content.get('about') or {}),
    )
    if of != names:
        raise ValueError('landmark_errors are of other landmarks')
    return calibration


def _error_model(model: ErrorModel, names: list) -> dict:
    return dict(
        spread=model.spread,
        offset=model.offset,
        slope=model.slope,
        of=dict(zip(names, map(float, model.landmarks))),
        radii={f'{level:g}': r for level, r in model.radii.items()},
    )


def _read_errors(content: dict) -> tuple[list, ErrorModel]:
    of = content['of']
    numbers = np.array([float(v) for v in of.values()])
    model = ErrorModel(
        str(content['spread']),
        float(content['offset']),
        float(content['slope']),
        numbers,
        {float(k): float(v) for k, v in content['radii'].items()},
    )
    return list(of), model


def _numbers(values: np.ndarray) -> list:
    """Nested lists with None for NaN: JSON has no NaN."""
    rounded = np.round(np.asarray(values, float), 6).tolist()
    return [[None if v != v else v for v in row] for row in rounded]


def _array(rows: list, shape: tuple) -> np.ndarray:
    array = np.array(
        [[np.nan if v is None else float(v) for v in row] for row in rows]
    )
    if array.shape != shape:
        raise ValueError(f'expected {shape} numbers, found {array.shape}')
    return array


def _packed(values: np.ndarray) -> dict:
    """Many numbers as base64 of little-endian 32-bit floats."""
    data = np.ascontiguousarray(values, dtype='<f4')
    text = base64.b64encode(data.tobytes()).decode()
    return dict(shape=list(data.shape), float32=text)


def _unpacked(content: dict) -> np.ndarray:
    data = base64.b64decode(content['float32'], validate=True)
    array = np.frombuffer(data, '<f4').reshape(content['shape'])
    if not np.isfinite(array).all():
        raise ValueError('numbers that are not finite')
    return array.astype(np.float64)
