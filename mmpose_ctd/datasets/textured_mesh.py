"""Textured surfaces: a place on the texture is a place on the surface.

V: vertices, F: triangles, K: places. Places on the texture are pixels with
(0, 0) at the centre of the first pixel; lengths on the surface are
millimetres.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mmpose_ctd.errors import InputError

# A place this close to a triangle of the texture lies on it, pixels.
_NEAR = 1e-3
# A texture that is repeated more often than this is a pattern, no photograph.
_MOST_TILES = 64


class SurfacePlaces(NamedTuple):
    """K places on a surface.

    Attributes:
        points (np.ndarray): (K, 3), mm.
        faces (np.ndarray): The triangle of each, (K,).
        weights (np.ndarray): Barycentric coordinates there, (K, 3).
        steps (np.ndarray): How the point moves with the place on the
            texture, (K, 3, 2), mm per pixel.
    """

    points: np.ndarray
    faces: np.ndarray
    weights: np.ndarray
    steps: np.ndarray


@dataclass
class TexturedMesh:
    """A surface of triangles, and where each lies on its texture.

    Attributes:
        name (str): Of its file, for messages.
        vertices (np.ndarray): (V, 3), mm. No two are equal: where a file
            repeats a vertex, as at seams of the texture, it is one.
        faces (np.ndarray): (F, 3), vertices of each triangle.
        uv (np.ndarray): (F, 3, 2), texture coordinates of its corners, v
            from the lower edge; NaN where this texture does not cover it.
    """

    name: str
    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray

    def lift(
        self,
        places: np.ndarray,
        size: tuple[int, int],
        names: Sequence[str],
        v_axis: str = 'up',
    ) -> SurfacePlaces:
        """Find places of the texture on the surface.

        The triangle of the texture that holds a place gives its barycentric
        coordinates, and these the point on the surface. A texture coordinate
        beyond 0 to 1 repeats the texture, as OBJ has it.

        ``places`` are (K, 2), pixels of the texture of this ``size`` (width,
        height); ``names`` theirs, for messages. ``v_axis`` is ``'up'`` if v
        counts from the lower edge of the texture, as OBJ has it, ``'down'``
        if from the upper one.

        Raises:
            InputError: If a place lies on no triangle, or on several that
                are not at one place of the surface.
        """
        found = self.find(places, size, v_axis)
        lost = [k for k, one in enumerate(found) if one is None]
        if lost:
            raise self._off(lost, places, size, names, v_axis)
        for k, one in enumerate(found):
            if isinstance(one, float):
                raise InputError(
                    where=_where(self.name, names[k], places[k]),
                    found='several places of the surface share this place of '
                    f'the texture; they are {one:.3g} mm apart',
                    expected='one',
                    cure='Export the mesh with a texture whose parts do not '
                    'overlap.',
                )
        return SurfacePlaces(*map(np.array, zip(*found)))

    def find(
        self, places: np.ndarray, size: tuple[int, int], v_axis: str = 'up'
    ) -> list:
        """As :meth:`lift`, for each place: where it is, and if it is not.

        A tuple of point, triangle, weights and steps; None if it lies on no
        triangle; if it is at several places of the surface, how far they are
        apart, in mm, as a float.
        """
        return [self._find(place, size, v_axis) for place in places]

    def _find(self, place, size, v_axis: str):
        size = np.asarray(size, dtype=float)
        share = (np.asarray(place) + 0.5) / size
        near = _NEAR / size
        if ((share < -near) | (share > 1 + near)).any():
            return None
        if v_axis == 'up':
            share[1] = 1 - share[1]
        candidates = []
        low, high = self.uv.min(axis=1), self.uv.max(axis=1)
        for tile in self._tiles():
            at = share + tile
            inside = (at >= low - near) & (at <= high + near)
            for face in np.flatnonzero(inside.all(axis=1)):
                one = self._on(face, at, size, v_axis)
                if one is not None:
                    candidates.append(one)
        if not candidates:
            return None
        best = max(candidates, key=lambda one: one[2].min())
        apart = max(np.linalg.norm(one[0] - best[0]) for one in candidates)
        # On an edge, a place lies on two triangles and at one point.
        if apart > 10 * _NEAR * np.linalg.norm(best[3]):
            return float(apart)
        return best

    def _on(self, face: int, share: np.ndarray, size: np.ndarray, v_axis):
        """The place in a triangle, if it is there."""
        corners = self.vertices[self.faces[face]]
        base, *others = self.uv[face] * size
        sides = np.transpose(others - base)
        if abs(np.linalg.det(sides)) < 1e-12:
            return None
        inverse = np.linalg.inv(sides)
        second, third = inverse @ (share * size - base)
        weights = np.clip([1 - second - third, second, third], 0, None)
        weights /= weights.sum()
        away = weights @ self.uv[face] * size - share * size
        if np.linalg.norm(away) > _NEAR:
            return None
        steps = (corners[1:] - corners[0]).T @ inverse
        if v_axis == 'up':
            steps = steps * [1, -1]
        return weights @ corners, face, weights, steps

    def _tiles(self) -> list[np.ndarray]:
        """By how many textures the triangles are shifted."""
        known = self.uv[np.isfinite(self.uv).all(axis=(1, 2))]
        low = np.floor(known.min(axis=1) + 1e-6).min(axis=0).astype(int)
        high = np.ceil(known.max(axis=1) - 1e-6).max(axis=0).astype(int)
        if np.prod(high - low) > _MOST_TILES:
            raise InputError(
                where=self.name,
                found=f'texture coordinates from {low} to {high}',
                expected='0 to 1, or a few repetitions of the texture',
            )
        return [
            np.array([u, v])
            for u in range(low[0], high[0])
            for v in range(low[1], high[1])
        ]

    def _off(self, lost, places, size, names, v_axis) -> InputError:
        k, other = lost[0], 'down' if v_axis == 'up' else 'up'
        found = 'no part of the surface has this place of the texture'
        if len(lost) > 1:
            found += f'; {len(lost) - 1} other landmarks are off it, too: '
            found += ', '.join(names[i] for i in lost[1:])
        cure = (
            'Look at the texture: a landmark must lie on a part that the mesh '
            'uses.'
        )
        turned = self.find(places, size, other)
        if all(one is not None for one in turned):
            cure = (
                f'With --v-axis {other} all landmarks lie on the surface; use '
                'it if your program counts v that way.'
            )
        return InputError(
            where=_where(self.name, names[k], places[k]),
            found=found,
            expected=f'a pixel of the {size[0]}x{size[1]} texture on the mesh',
            cure=cure,
        )


def _where(mesh: str, name: str, place) -> str:
    return f'{mesh}: {name} at ({place[0]:.1f}, {place[1]:.1f}) px'
