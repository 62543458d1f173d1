"""What is known of a model's errors, and of the faces it was trained on.

A JSON file that a person can read: numbers, means and directions of variation
over all faces; no names, no ids, no paths, nothing of a single face.
"""

import base64
import hashlib
import json
import math
import os
from dataclasses import asdict, dataclass, field

import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError

from .calibration_parts import LIMITS, Parts
from .error_model import ErrorModel
from .familiarity import Appearance, Shape
from .locating import Framing

__all__ = ['Calibration', 'read_calibration', 'write_calibration']

_FORMAT = 'mmpose_ctd calibration'
_VERSION = 1
_DIGEST = 'sha256'
_AGAIN = (
    'Copy it again, or make it again: mmpose_ctd calibrate CONFIG '
    'CHECKPOINT --out FILE.json'
)


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
                'for this model: mmpose_ctd calibrate CONFIG CHECKPOINT '
                '--out FILE.json'
            )


def write_calibration(calibration: Calibration, path: str) -> None:
    """Write to a temporary name beside ``path``, then rename."""
    c = calibration
    content = dict(
        format=_FORMAT,
        version=_VERSION,
        about=_without_nan(c.statement),
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
    content[_DIGEST] = _digest(content)
    part = f'{path}.part'
    with open(part, 'w', encoding='utf-8') as file:
        json.dump(content, file, indent=1, allow_nan=False)
        file.flush()
        os.fsync(file.fileno())
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
            'mmpose_ctd calibrate CONFIG CHECKPOINT --out FILE.json'
        )
    content = _load(path)
    if not isinstance(content, dict) or content.get('format') != _FORMAT:
        raise InputError(
            where=path,
            found='not a calibration',
            expected='a file that mmpose_ctd calibrate wrote',
        )
    if content.get('version') != _VERSION:
        raise InputError(
            where=path,
            found=f'a calibration of version {content.get("version")!r:.20}',
            expected=f'version {_VERSION}, which this program reads',
            cure=_AGAIN,
        )
    calibration = _parse(Parts(content, path, _AGAIN))
    # Files of earlier versions have no digest.
    if content.get(_DIGEST) not in (None, _digest(content)):
        raise InputError(
            where=path,
            found='a damaged calibration: its content was changed after it '
            'was written',
            cure=_AGAIN,
        )
    return calibration


def _load(path: str):
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file)
    except (ValueError, RecursionError) as error:
        reason = ' '.join(str(error).split())
        raise InputError(
            where=path,
            found=f'a damaged calibration, not a JSON file ({reason:.80})',
            cure=_AGAIN,
        ) from error


def _parse(parts: Parts) -> Calibration:
    names = parts.names('model.landmarks')
    of, errors = parts.errors('landmark_errors', least=1e-6)
    if of != names:
        raise parts.damaged('landmark_errors.of', 'the landmarks of model')
    # Of a set without measures the radii are 0.
    measures, measure_errors = parts.errors('measure_errors', least=0.0)
    return Calibration(
        fingerprint=parts.get('model.fingerprint', str, 'a fingerprint'),
        names=names,
        input_size=parts.size('model.input_size'),
        framing=parts.framing(len(names)),
        errors=errors,
        measures=measures,
        measure_errors=measure_errors,
        appearance=parts.appearance('familiarity.appearance'),
        shape=parts.shape('familiarity.mean_shape', len(names)),
        limits={
            key: parts.positive(f'familiarity.limits.{key}') for key in LIMITS
        },
        statement=parts.get('about', dict, 'what the calibration found'),
    )


def _digest(content: dict) -> str:
    """SHA-256 of a calibration's content, without the digest itself."""
    rest = {key: value for key, value in content.items() if key != _DIGEST}
    try:
        text = json.dumps(rest, sort_keys=True)
    except (ValueError, RecursionError):
        return ''
    return hashlib.sha256(text.encode()).hexdigest()


def _error_model(model: ErrorModel, names: list) -> dict:
    return dict(
        spread=model.spread,
        offset=model.offset,
        slope=model.slope,
        of=dict(zip(names, map(float, model.landmarks))),
        radii={f'{level:g}': r for level, r in model.radii.items()},
    )


def _without_nan(value):
    """What a JSON file can hold: null for what is not known."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_nan(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _numbers(values: np.ndarray) -> list:
    """Nested lists with None for NaN: JSON has no NaN."""
    rounded = np.round(np.asarray(values, float), 6).tolist()
    return [[None if v != v else v for v in row] for row in rounded]


def _packed(values: np.ndarray) -> dict:
    """Many numbers as base64 of little-endian 32-bit floats."""
    data = np.ascontiguousarray(values, dtype='<f4')
    text = base64.b64encode(data.tobytes()).decode()
    return dict(shape=list(data.shape), float32=text)
