"""Checks the parts of a calibration file: complete, finite, plausible."""

import base64
import math

import numpy as np

from mmpose_ctd.errors import InputError

from .error_model import LEVELS, ErrorModel
from .familiarity import Appearance, Shape
from .heatmap_spread import SPREADS
from .locating import Framing

__all__ = ['LIMITS', 'Parts']

#: Names of the largest usual values.
LIMITS = ('appearance', 'shape', 'roll', 'unsteadiness', 'faintness')
# Logarithms of SDs in pixels beyond this are of no face.
_LOG = 50.0
_LARGEST = 1e6
_SIDE = 2**15


class Parts:
    """Reads values of a calibration's content, and names what is wrong.

    Args:
        content (dict): Of the file.
        path (str): The file, for errors.
        cure (str): What to do about a damaged file, sentences.
    """

    def __init__(self, content: dict, path: str, cure: str) -> None:
        self.content, self.path, self.cure = content, path, cure

    def damaged(self, key: str, expected: str) -> InputError:
        """The error about a key."""
        return InputError(
            where=f'{self.path}: {key}',
            found='a damaged calibration',
            expected=expected,
            cure=self.cure,
        )

    def get(self, key: str, kind: type, what: str):
        """The value of a dotted key, which must be of a type."""
        value = self.content
        for name in key.split('.'):
            value = value.get(name) if isinstance(value, dict) else None
        if not isinstance(value, kind):
            raise self.damaged(key, what)
        return value

    def number(
        self, key: str, low: float = -_LARGEST, high: float = _LARGEST
    ) -> float:
        """A finite number from ``low`` to ``high``."""
        value = self.get(key, (int, float), 'a number')
        return self._within(value, key, low, high)

    def positive(self, key: str) -> float:
        """A finite number above 0."""
        return self.number(key, 1e-12, _LARGEST)

    def _within(self, value, key: str, low: float, high: float) -> float:
        if (
            not isinstance(value, (int, float))
            or isinstance(value, bool)
            or not low <= value <= high
        ):
            raise self.damaged(key, f'a number from {low:g} to {high:g}')
        return float(value)

    def names(self, key: str) -> list[str]:
        """A list of different names."""
        names = self.get(key, list, 'a list of names')
        if (
            not names
            or not all(isinstance(name, str) and name for name in names)
            or len({*names}) != len(names)
        ):
            raise self.damaged(key, 'a list of different names')
        return names

    def size(self, key: str) -> tuple[int, int]:
        """Width and height in whole pixels."""
        sides = self.get(key, list, 'width and height')
        if len(sides) != 2 or not all(
            type(side) is int and 0 < side <= _SIDE for side in sides
        ):
            raise self.damaged(key, 'width and height in whole pixels')
        return tuple(sides)

    def points(self, key: str, count: int) -> np.ndarray:
        """``count`` points (x, y), NaN where both are null."""
        rows = self.get(key, list, 'a list of points')
        what = f'{count} points (x, y)'
        if len(rows) != count or not all(
            isinstance(row, list) and len(row) == 2 for row in rows
        ):
            raise self.damaged(key, what)
        found = np.full((count, 2), np.nan)
        for i, row in enumerate(rows):
            if row != [None, None]:
                found[i] = [self._within(v, key, -1e3, 1e3) for v in row]
        known = found[np.isfinite(found).all(axis=1)]
        if not len(known):
            raise self.damaged(key, f'{what}, not all null')
        return found

    def framing(self, count: int) -> Framing:
        """Of the training faces."""
        key = 'framing.face_box'
        what = 'three numbers or null'
        # Missing is not null.
        if 'face_box' not in self.get('framing', dict, 'the framing'):
            raise self.damaged(key, what)
        box = self.get(key, (list, type(None)), what)
        if box is not None:
            if len(box) != 3:
                raise self.damaged(key, what)
            box = (
                self._within(box[0], key, -1e2, 1e2),
                self._within(box[1], key, -1e2, 1e2),
                self._within(box[2], key, 1e-3, 1e2),
            )
        return Framing(
            self.points('framing.template', count),
            self.size('framing.crop_size'),
            box,
        )

    def errors(self, key: str, least: float) -> tuple[list[str], ErrorModel]:
        """An error model, and what its numbers are of.

        Args:
            key (str): Where it is.
            least (float): What its radii are at least.
        """
        spread = self.get(f'{key}.spread', str, 'the name of a spread')
        if spread not in ('none', *SPREADS):
            raise self.damaged(f'{key}.spread', f'one of {("none", *SPREADS)}')
        of = self.get(f'{key}.of', dict, 'a number for each name')
        numbers = [
            self._within(v, f'{key}.of', -_LOG, _LOG) for v in of.values()
        ]
        texts = {f'{level:g}': level for level in LEVELS}
        radii = self.get(f'{key}.radii', dict, 'a radius for each level')
        if {*radii} != {*texts}:
            raise self.damaged(f'{key}.radii', f'the levels {[*texts]}')
        found = {
            texts[text]: self._within(v, f'{key}.radii', least, 1e4)
            for text, v in radii.items()
        }
        ordered = [found[level] for level in LEVELS]
        if ordered != sorted(ordered):
            raise self.damaged(
                f'{key}.radii', 'a radius no smaller than of a lower level'
            )
        return list(of), ErrorModel(
            spread,
            self.number(f'{key}.offset', -_LOG, _LOG),
            self.number(f'{key}.slope', -_LOG, _LOG),
            np.array(numbers, dtype=float),
            {level: found[level] for level in LEVELS},
        )

    def shape(self, key: str, count: int) -> Shape:
        """The mean face: of size 1, but for rounding."""
        mean = self.points(key, count)
        size = math.sqrt(float(np.nansum(mean**2)))
        if not 0.99 < size < 1.01:
            raise self.damaged(key, 'a face of size 1')
        return Shape(mean)

    def appearance(self, key: str) -> Appearance:
        """Mean and directions of the training faces' features."""
        mean = self._packed(f'{key}.mean', 1)
        directions = self._packed(f'{key}.directions', 2)
        variances = self._packed(f'{key}.variances', 1)
        d, c = directions.shape
        if c != len(mean) or d != len(variances):
            raise self.damaged(key, 'as many directions as variances')
        if not np.allclose(directions @ directions.T, np.eye(d), atol=1e-3):
            raise self.damaged(f'{key}.directions', 'orthonormal rows')
        if np.abs(mean).max() > 1.001:
            raise self.damaged(f'{key}.mean', 'features of length 1')
        if not (variances > 0).all():
            raise self.damaged(f'{key}.variances', 'numbers above 0')
        return Appearance(
            mean, directions, variances, self.positive(f'{key}.rest')
        )

    def _packed(self, key: str, dims: int) -> np.ndarray:
        what = 'base64 of finite 32-bit floats, and their shape'
        shape = self.get(f'{key}.shape', list, what)
        text = self.get(f'{key}.float32', str, what)
        if len(shape) != dims or not all(
            type(side) is int and 0 < side <= _SIDE for side in shape
        ):
            raise self.damaged(f'{key}.shape', what)
        try:
            data = base64.b64decode(text, validate=True)
            array = np.frombuffer(data, '<f4').reshape(shape)
        except ValueError as error:
            raise self.damaged(key, what) from error
        if not np.isfinite(array).all():
            raise self.damaged(key, what)
        return array.astype(np.float64)
