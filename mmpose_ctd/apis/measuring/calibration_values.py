"""Types of the values in a calibration file, and which are valid.

The classes of a :class:`.Calibration` are annotated with them; pydantic then
reads, checks and writes them as JSON.
"""

import base64
import math
from functools import partial
from typing import Annotated, Any

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
)

__all__ = [
    'STRICT',
    'FaceBox',
    'FaceMean',
    'Log',
    'Matrix',
    'Names',
    'Points',
    'Positive',
    'Size',
    'Vector',
]

STRICT = ConfigDict(
    strict=True, allow_inf_nan=False, arbitrary_types_allowed=True
)

Positive = Annotated[float, Field(ge=1e-12, le=1e6)]
# Logarithms of SDs in pixels beyond this are of no face.
Log = Annotated[float, Field(ge=-50, le=50)]
_Side = Annotated[int, Field(gt=0, le=2**15)]
Size = tuple[_Side, _Side]
_Coordinate = Annotated[float, Field(ge=-1e3, le=1e3)]
_POINTS = TypeAdapter(
    list[
        Annotated[
            Annotated[list[_Coordinate], Field(min_length=2, max_length=2)]
            | None,
            BeforeValidator(lambda row: None if row == [None, None] else row),
        ]
    ],
    config=STRICT,
)


class _Packed(BaseModel):
    model_config = STRICT

    shape: list[_Side]
    float32: str


def _different(names: list[str]) -> list[str]:
    if len({*names}) != len(names):
        raise ValueError('different names')
    return names


def _box(box: tuple[float, ...]) -> tuple[float, ...]:
    if not (max(map(abs, box)) <= 1e2 and box[2] >= 1e-3):
        raise ValueError('offsets and a width in widths of the box')
    return box


def _points(value: Any) -> np.ndarray:
    """Points (x, y) as (K, 2), NaN where both are null."""
    rows = _POINTS.validate_python(value)
    points = np.array(
        [(np.nan, np.nan) if row is None else row for row in rows], float
    )
    if not np.isfinite(points).any():
        raise ValueError('points (x, y), not all null')
    return points


def _numbers(points: np.ndarray) -> list:
    rounded = np.round(np.asarray(points, float), 6).tolist()
    return [[None if v != v else v for v in row] for row in rounded]


def _face_size(mean: np.ndarray) -> np.ndarray:
    # Of size 1, but for rounding.
    if not 0.99 < math.sqrt(float(np.nansum(mean**2))) < 1.01:
        raise ValueError('a face of size 1')
    return mean


def _floats(value: Any, dims: int) -> np.ndarray:
    """Base64 of little-endian 32-bit floats, unpacked."""
    packed = _Packed.model_validate(value)
    data = base64.b64decode(packed.float32, validate=True)
    array = np.frombuffer(data, '<f4').reshape(packed.shape)
    if array.ndim != dims or not np.isfinite(array).all():
        raise ValueError(f'finite floats of {dims} dimensions')
    return array.astype(np.float64)


def _packed(values: np.ndarray) -> dict:
    data = np.ascontiguousarray(values, dtype='<f4')
    text = base64.b64encode(data.tobytes()).decode()
    return dict(shape=list(data.shape), float32=text)


Names = Annotated[
    list[Annotated[str, Field(min_length=1)]],
    Field(min_length=1),
    AfterValidator(_different),
]
FaceBox = Annotated[tuple[float, float, float], AfterValidator(_box)]
Points = Annotated[
    np.ndarray, BeforeValidator(_points), PlainSerializer(_numbers)
]
FaceMean = Annotated[Points, AfterValidator(_face_size)]
Vector = Annotated[
    np.ndarray,
    BeforeValidator(partial(_floats, dims=1)),
    PlainSerializer(_packed),
]
Matrix = Annotated[
    np.ndarray,
    BeforeValidator(partial(_floats, dims=2)),
    PlainSerializer(_packed),
]
