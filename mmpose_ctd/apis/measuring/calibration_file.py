"""Reads and writes calibration files.

A JSON file that a person can read: numbers, means and directions of variation
over all faces; no names, no ids, no paths, nothing of a single face.
"""

import base64
import hashlib
import json
import math
import os
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.files import write_whole

from .calibration import Calibration
from .error_model import LEVELS, SPREADS, ErrorModel
from .familiarity import Appearance, MeanShape
from .framing import Framing

_FORMAT = 'mmpose_ctd calibration'
_VERSION = 1
_DIGEST = 'sha256'
_AGAIN = (
    'Copy it again, or make it again: mmpose_ctd calibrate CONFIG '
    'CHECKPOINT --out FILE.json'
)
_LEVELS = [f'{level:g}' for level in LEVELS]

# ------------------------------------------------------------ what is valid

_Positive = Annotated[float, Field(ge=1e-12, le=1e6)]
# Logarithms of SDs in pixels beyond this are of no face.
_Log = Annotated[float, Field(ge=-50, le=50)]
_Side = Annotated[int, Field(gt=0, le=2**15)]
_Size = Annotated[list[_Side], Field(min_length=2, max_length=2)]
_Coordinate = Annotated[float, Field(ge=-1e3, le=1e3)]
_Name = Annotated[str, Field(min_length=1)]


def _points(value: Any) -> np.ndarray:
    """Points (x, y) as (K, 2), NaN where both are null."""
    rows = _POINTS.validate_python(value)
    points = np.array(
        [(np.nan, np.nan) if row is None else row for row in rows], float
    )
    if not np.isfinite(points).any():
        raise ValueError('points (x, y), not all null')
    return points


def _floats(value: Any, dims: int) -> np.ndarray:
    """Base64 of little-endian 32-bit floats, unpacked."""
    packed = _Packed.model_validate(value)
    data = base64.b64decode(packed.float32, validate=True)
    array = np.frombuffer(data, '<f4').reshape(packed.shape)
    if array.ndim != dims or not np.isfinite(array).all():
        raise ValueError(f'finite floats of {dims} dimensions')
    return array.astype(np.float64)


def _radii(radii: dict[str, float]) -> dict[str, float]:
    if {*radii} != {*_LEVELS}:
        raise ValueError(f'the levels {_LEVELS}')
    ordered = [radii[level] for level in _LEVELS]
    if ordered != sorted(ordered):
        raise ValueError('a radius no smaller than that of a lower level')
    return radii


def _different(names: list[str]) -> list[str]:
    if len({*names}) != len(names):
        raise ValueError('different names')
    return names


def _face_size(mean: np.ndarray) -> np.ndarray:
    # Of size 1, but for rounding.
    if not 0.99 < math.sqrt(float(np.nansum(mean**2))) < 1.01:
        raise ValueError('a face of size 1')
    return mean


class _SavedPart(BaseModel):
    model_config = ConfigDict(
        strict=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )


class _Packed(_SavedPart):
    shape: list[_Side]
    float32: str


_POINTS = TypeAdapter(
    list[
        Annotated[
            Annotated[list[_Coordinate], Field(min_length=2, max_length=2)]
            | None,
            BeforeValidator(lambda row: None if row == [None, None] else row),
        ]
    ],
    config=ConfigDict(strict=True, allow_inf_nan=False),
)
_Points = Annotated[np.ndarray, BeforeValidator(_points)]
_Vector = Annotated[np.ndarray, BeforeValidator(partial(_floats, dims=1))]
_Matrix = Annotated[np.ndarray, BeforeValidator(partial(_floats, dims=2))]


class _Model(_SavedPart):
    fingerprint: str
    landmarks: Annotated[
        list[_Name], Field(min_length=1), AfterValidator(_different)
    ]
    input_size: _Size


def _box(box: list[float]) -> list[float]:
    if not (max(map(abs, box)) <= 1e2 and box[2] >= 1e-3):
        raise ValueError('offsets and a width in widths of the box')
    return box


class _Framing(_SavedPart):
    template: _Points
    crop_size: _Size
    # Missing is not null.
    face_box: (
        Annotated[
            list[float],
            Field(min_length=3, max_length=3),
            AfterValidator(_box),
        ]
        | None
    )


class _MeasureErrors(_SavedPart):
    spread: Literal[('none', *SPREADS)]
    offset: _Log
    slope: _Log
    of: dict[str, _Log]
    # Without measures they are 0.
    radii: Annotated[
        dict[str, Annotated[float, Field(ge=0, le=1e4)]],
        AfterValidator(_radii),
    ]

    def model(self) -> ErrorModel:
        return ErrorModel(
            self.spread,
            float(self.offset),
            float(self.slope),
            np.array([*self.of.values()], dtype=float),
            {
                level: float(self.radii[text])
                for level, text in zip(LEVELS, _LEVELS)
            },
        )


class _LandmarkErrors(_MeasureErrors):
    radii: Annotated[
        dict[str, Annotated[float, Field(ge=1e-6, le=1e4)]],
        AfterValidator(_radii),
    ]


class _Limits(_SavedPart):
    appearance: _Positive
    shape: _Positive
    roll: _Positive
    unsteadiness: _Positive
    faintness: _Positive


class _Appearance(_SavedPart):
    mean: _Vector
    directions: _Matrix
    variances: _Vector
    rest: _Positive

    @model_validator(mode='after')
    def _fit_together(self) -> '_Appearance':
        d, c = self.directions.shape
        products = self.directions @ self.directions.T
        for fits, expected in (
            (len(self.mean) == c, 'a mean as long as the directions'),
            (np.abs(self.mean).max() <= 1.001, 'features of length 1'),
            (len(self.variances) == d, 'as many directions as variances'),
            ((self.variances > 0).all(), 'variances above 0'),
            (np.allclose(products, np.eye(d), atol=1e-3), 'orthonormal rows'),
        ):
            if not fits:
                raise ValueError(expected)
        return self


class _Familiarity(_SavedPart):
    limits: _Limits
    mean_shape: Annotated[_Points, AfterValidator(_face_size)]
    appearance: _Appearance


class _Content(_SavedPart):
    about: dict[str, Any]
    model: _Model
    framing: _Framing
    landmark_errors: _LandmarkErrors
    measure_errors: _MeasureErrors
    familiarity: _Familiarity


# ---------------------------------------------------------------- reading


def read_calibration(path: str) -> Calibration:
    """Read a file of :func:`write_calibration`, and check it.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is not a calibration, or is damaged; names the key.
    """
    if not os.path.isfile(path):
        raise MissingFileError(
            where=path,
            found='no such file',
            expected='a calibration',
            cure='Make one: mmpose_ctd calibrate CONFIG CHECKPOINT --out '
            'FILE.json',
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
    try:
        parsed = _Content.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        expected = first['msg'].removeprefix('Input should be ')
        if first['type'] == 'missing':
            expected = 'this key'
        raise _damaged(
            path,
            '.'.join(map(str, first['loc'])),
            expected.removeprefix('Value error, '),
        ) from error
    calibration = _checked(path, parsed)
    # Files of the first version have no digest.
    if content.get(_DIGEST) not in (None, _digest(content)):
        raise InputError(
            where=path,
            found='a damaged calibration: its content was changed after it '
            'was written',
            cure=_AGAIN,
        )
    return calibration


def _load(path: str) -> Any:
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


def _damaged(path: str, key: str, expected: str) -> InputError:
    key, expected = (' '.join(text.split()) for text in (key, expected))
    return InputError(
        where=f'{path}: {key:.80}',
        found='a damaged calibration',
        expected=f'{expected:.120}',
        cure=_AGAIN,
    )


def _checked(path: str, parsed: _Content) -> Calibration:
    """The calibration, its parts checked against each other."""
    names = parsed.model.landmarks
    look = parsed.familiarity.appearance
    if list(parsed.landmark_errors.of) != names:
        raise _damaged(path, 'landmark_errors.of', 'the landmarks of model')
    for key, points in (
        ('framing.template', parsed.framing.template),
        ('familiarity.mean_shape', parsed.familiarity.mean_shape),
    ):
        if len(points) != len(names):
            raise _damaged(path, key, f'{len(names)} points (x, y)')
    box = parsed.framing.face_box
    return Calibration(
        fingerprint=parsed.model.fingerprint,
        names=names,
        input_size=tuple(parsed.model.input_size),
        framing=Framing(
            parsed.framing.template,
            tuple(parsed.framing.crop_size),
            box and tuple(map(float, box)),
        ),
        errors=parsed.landmark_errors.model(),
        measures=list(parsed.measure_errors.of),
        measure_errors=parsed.measure_errors.model(),
        appearance=Appearance(
            look.mean, look.directions, look.variances, float(look.rest)
        ),
        shape=MeanShape(parsed.familiarity.mean_shape),
        limits={
            key: float(value)
            for key, value in parsed.familiarity.limits.model_dump().items()
        },
        statement=parsed.about,
    )


# ---------------------------------------------------------------- writing


def write_calibration(calibration: Calibration, path: str) -> None:
    """Write a calibration file, whole or not at all."""
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
    write_whole(path, json.dumps(content, indent=1, allow_nan=False).encode())


def _digest(content: dict) -> str:
    """SHA-256 of a calibration's content without the digest itself."""
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


def _without_nan(value: Any) -> Any:
    """With null for NaN, which JSON lacks."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_nan(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _numbers(values: np.ndarray) -> list:
    """Nested lists, rounded, with None for NaN."""
    rounded = np.round(np.asarray(values, float), 6).tolist()
    return [[None if v != v else v for v in row] for row in rounded]


def _packed(values: np.ndarray) -> dict:
    """Numbers as base64 of little-endian 32-bit floats."""
    data = np.ascontiguousarray(values, dtype='<f4')
    text = base64.b64encode(data.tobytes()).decode()
    return dict(shape=list(data.shape), float32=text)
