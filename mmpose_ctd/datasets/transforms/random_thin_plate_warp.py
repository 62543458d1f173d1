"""Deforms a face and its landmarks smoothly."""

from functools import lru_cache

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmpose.registry import TRANSFORMS

from mmpose_ctd.errors import InputError

# Bound of the displacement's derivative: lengths change to 0.5 to 1.5 times,
# so the warp is one to one.
_MAX_STRAIN = 0.5
# Error of a landmark's place after the search, in pixels.
_TOLERANCE = 1e-4


@TRANSFORMS.register_module()
class RandomThinPlateWarp(BaseTransform):
    r"""Random thin-plate spline warp of the input and its landmarks.

    A grid of control points is displaced at random; between them the
    displacement is the thin-plate spline

    .. math::
        d(p) = a_0 + A p + \sum_j w_j U(\|p - c_j\|), \quad
        U(r) = r^2 \log r^2

    through their displacements. Source: Bookstein, "Principal warps:
    thin-plate splines and the decomposition of deformations", IEEE TPAMI
    1989. The affine part of the displacements is removed: shift, scale and
    rotation are ``RandomBBoxTransform``'s.

    Output pixel p shows the input at p + d(p), so a landmark at q moves to
    the p with p + d(p) = q. The iteration p <- q - d(p) converges, and nothing
    folds over, as d is scaled down until its derivative is below 1/2 in the
    whole image. Landmarks outside the image move like the nearest pixel of
    its edge.

    It works on the network's input: put it after ``TopdownAffine``.

    Args:
        amplitude (float): Standard deviation of each coordinate of a control
            point's displacement, before the affine part is removed, as a
            share of the input's shorter side. Landmarks of different people
            differ by about 0.006 after an affine alignment, if the face is
            half as wide as the input. Defaults to 0.01.
        grid (int): Control points along a side, from edge to edge, 3 to 20.
            Defaults to 6.
        prob (float): Share of the warped images. Defaults to 1.0.

    Raises:
        InputError: If an argument is out of range.
    """

    def __init__(
        self, amplitude: float = 0.01, grid: int = 6, prob: float = 1.0
    ) -> None:
        for name, value, kinds, low, high in (
            ('amplitude', amplitude, (int, float), 0, 0.2),
            ('prob', prob, (int, float), 0, 1),
            ('grid', grid, int, 3, 20),
        ):
            if not isinstance(value, kinds) or not low <= value <= high:
                whole = 'a whole number from ' if kinds is int else ''
                raise InputError(
                    where='RandomThinPlateWarp',
                    found=f'{name}={value!r}',
                    expected=f'{whole}{low} to {high}',
                )
        self.amplitude, self.grid, self.prob = amplitude, grid, prob

    @cache_randomness
    def _draw(self) -> np.ndarray | None:
        """Displacements (grid^2, 2) of variance 1; None for no warp."""
        # Both are always drawn: later draws do not depend on prob.
        warped = np.random.random() < self.prob
        draw = np.random.standard_normal((self.grid**2, 2))
        return draw if warped else None

    def transform(self, results: dict) -> dict:
        """Warp ``img`` and ``transformed_keypoints``.

        Raises:
            InputError: If ``TopdownAffine`` did not come before.
        """
        points = results.get('transformed_keypoints')
        if points is None:
            raise InputError(
                where='RandomThinPlateWarp',
                found='there are no transformed_keypoints yet',
                cure='Put it after TopdownAffine in the pipeline, and before '
                'GenerateTarget.',
            )
        draw = self._draw()
        if draw is None or self.amplitude == 0:
            return results
        image = results['img']
        height, width = image.shape[:2]
        warp = _Warp(draw * self.amplitude * min(height, width), width, height)
        results['img'] = cv2.remap(
            image,
            *warp.sources(),
            # Cubic: two bilinear resamplings would blur too much.
            interpolation=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        # Absent landmarks may lie anywhere; they stay finite.
        points = points.copy()
        places = points[..., :2]
        places[:] = warp.forward(places.reshape(-1, 2)).reshape(places.shape)
        results['transformed_keypoints'] = points
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(amplitude={self.amplitude}, '
            f'grid={self.grid}, prob={self.prob})'
        )


class _Warp:
    """One displacement field d on an image.

    ``displacements`` are of the control points, row by row, (grid^2, 2), x
    and y in pixels.
    """

    def __init__(
        self, displacements: np.ndarray, width: int, height: int
    ) -> None:
        grid = round(len(displacements) ** 0.5)
        self.last = np.array([width - 1, height - 1], float)
        self._controls, to_weights = _spline(grid, width, height)
        self._weights = to_weights @ displacements
        # By torch, which has one thread in a loader process; NumPy's would
        # take cores from the training.
        basis = torch.from_numpy(_dense_basis(grid, width, height))
        weights = torch.from_numpy(self._weights.astype(np.float32))
        field = (basis @ weights).numpy().reshape(height, width, 2)
        shrink = min(1.0, _MAX_STRAIN / max(_largest_strain(field), 1e-9))
        self._weights = self._weights * shrink
        self._field = field * np.float32(shrink)

    def sources(self) -> tuple[np.ndarray, np.ndarray]:
        """Input places of the output pixels: x and y, (H, W), in pixels."""
        height, width = self._field.shape[:2]
        x = self._field[..., 0] + np.arange(width, dtype=np.float32)
        y = self._field[..., 1] + np.arange(height, dtype=np.float32)[:, None]
        return x, y

    def displacement(self, points: np.ndarray) -> np.ndarray:
        """d at points (n, 2); outside the image, that of its edge."""
        inside = np.clip(points, 0, self.last)
        return _basis(inside, self._controls, self.last) @ self._weights

    def forward(self, points: np.ndarray) -> np.ndarray:
        """Places of points (n, 2) of the image after the warp, in pixels."""
        points = np.asarray(points, float)
        moved = points - self.displacement(points)
        # The error halves at least, from at most the largest displacement.
        for _ in range(60):
            before, moved = moved, points - self.displacement(moved)
            if not (np.abs(moved - before) > _TOLERANCE / 2).any():
                break
        return moved


def _basis(
    points: np.ndarray, controls: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """1, x, y and U(||p - c_j||) at points (n, 2): (n, 3 + grid^2).

    Lengths are in units of the image's longer side, for numerical stability.
    """
    points = points / scale.max()
    squares = ((points[:, None] - controls) ** 2).sum(-1)
    # r^2 log r^2 is 0 at 0.
    kernel = squares * np.log(np.maximum(squares, 1e-30))
    return np.hstack([np.ones((len(points), 1)), points, kernel])


@lru_cache(maxsize=8)
def _spline(
    grid: int, width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """Control points, and the matrix from displacements to weights.

    (grid^2, 2) in units of the longer side; (3 + grid^2, grid^2), which also
    removes the affine part.
    """
    last = np.array([width - 1, height - 1], float)
    x, y = (np.linspace(0, end, grid) for end in last)
    controls = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    basis = _basis(controls, controls / last.max(), last)
    affine, kernel = basis[:, :3], basis[:, 3:]
    n = len(controls)
    system = np.block([[affine, kernel], [np.zeros((3, 3)), affine.T]])
    right = np.eye(n) - affine @ np.linalg.pinv(affine)
    right = np.vstack([right, np.zeros((3, n))])
    return controls / last.max(), np.linalg.solve(system, right)


@lru_cache(maxsize=4)
def _dense_basis(grid: int, width: int, height: int) -> np.ndarray:
    """The basis at every pixel, row by row, (H * W, 3 + grid^2)."""
    controls, _ = _spline(grid, width, height)
    y, x = np.mgrid[:height, :width].astype(float)
    last = np.array([width - 1, height - 1], float)
    pixels = np.stack([x, y], -1).reshape(-1, 2)
    return _basis(pixels, controls, last).astype(np.float32)


def _largest_strain(field: np.ndarray) -> float:
    """Bound of the spectral norm of d's derivative; d is (H, W, 2), pixels."""
    across = np.diff(field, axis=1)[:-1]
    down = np.diff(field, axis=0)[:, :-1]
    # The Frobenius norm is never below the spectral one.
    return float(np.sqrt((across**2 + down**2).sum(-1).max()))
