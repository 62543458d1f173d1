"""Textured surfaces whose points and distances are known exactly."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image


@dataclass
class Sheet:
    """A rectangle of the texture, mapped onto a surface.

    Attributes:
        box (tuple): Left, upper, right, lower edge on the texture, as shares
            of its width and height from the upper left.
        surface (Callable): Shares s, t of the rectangle, 0 to 1 from its
            upper left -> the point (3,).
        steps (tuple[int, int]): Cells along s and t.
        flip (bool): Whether s runs from right to left on the texture.
    """

    box: tuple
    surface: Callable
    steps: tuple = (24, 24)
    flip: bool = False

    def grid(self):
        """Vertices (n, 3), uv (n, 2) with v up, and triangles (m, 3)."""
        columns, rows = self.steps
        s, t = np.meshgrid(
            np.linspace(0, 1, columns + 1), np.linspace(0, 1, rows + 1)
        )
        s, t = s.ravel(), t.ravel()
        vertices = np.array([self.surface(*st) for st in zip(s, t)])
        left, top, right, bottom = self.box
        u = left + (right - left) * (1 - s if self.flip else s)
        v = 1 - (top + (bottom - top) * t)
        first = np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)
        a = first.ravel()
        b, c = a + 1, a + columns + 1
        triangles = np.concatenate(
            [np.column_stack([a, c, b]), np.column_stack([b, c, c + 1])]
        )
        return vertices, np.column_stack([u, v]), triangles

    def pixel(self, s: float, t: float, size) -> np.ndarray:
        """Where a point lies on the texture; (0, 0) is a pixel's centre."""
        left, top, right, bottom = self.box
        u = left + (right - left) * (1 - s if self.flip else s)
        return np.array([u, top + (bottom - top) * t]) * size - 0.5


def write_obj(
    folder: Path,
    sheets: list[Sheet],
    size: tuple[int, int] = (400, 200),
    name: str = 'face',
    v_down: bool = False,
    factor: float = 1.0,
    textures: list[str] | None = None,
) -> Path:
    """Write sheets as one OBJ file, with .mtl and textures of one grey.

    Equal vertices of several sheets are one `v` with several `vt`. With
    ``textures`` each sheet has its own.
    """
    points, lines, coordinates, faces = {}, [], [], []
    names = textures or [f'{name}.png'] * len(sheets)
    for sheet, texture in zip(sheets, names):
        vertices, uv, triangles = sheet.grid()
        numbers = []
        for vertex in np.round(vertices * factor, 9) + 0.0:
            key = tuple(vertex)
            if key not in points:
                points[key] = len(points) + 1
                lines.append('v {!r} {!r} {!r}'.format(*map(float, vertex)))
            numbers.append(points[key])
        faces.append(f'usemtl {texture}')
        start = len(coordinates) + 1
        uv = uv * [1, -1] + [0, 1] if v_down else uv
        coordinates += [f'vt {u!r} {v!r}' for u, v in uv.tolist()]
        faces += [
            'f ' + ' '.join(f'{numbers[i]}/{start + i}' for i in triangle)
            for triangle in triangles
        ]
    obj = folder / f'{name}.obj'
    text = [f'mtllib {name}.mtl', *lines, *coordinates, *faces]
    obj.write_text('\n'.join(text) + '\n')
    (folder / f'{name}.mtl').write_text(
        ''.join(f'newmtl {t}\nmap_Kd C:\\scans\\{t}\n' for t in {*names})
    )
    for texture in {*names}:
        Image.new('RGB', size, (128, 128, 128)).save(folder / texture)
    return obj


def plane(s: float, t: float) -> tuple:
    """100 x 50 mm, in the plane z = 7."""
    return 100 * s, -50 * t, 7.0


def cylinder(radius: float, height: float, turns: float = 1.0, at: float = 0):
    """A surface whose distances are those of its unrolled plane."""

    def surface(s, t):
        angle = 2 * np.pi * (at + turns * s)
        return radius * np.sin(angle), -height * t, radius * np.cos(angle)

    return surface


def sphere(radius: float):
    """The band of a sphere from 60 degrees north to south."""

    def surface(s, t):
        longitude, latitude = np.pi * (2 * s - 1), np.pi * (1 - 2 * t) / 3
        return (
            radius * np.cos(latitude) * np.sin(longitude),
            radius * np.sin(latitude),
            radius * np.cos(latitude) * np.cos(longitude),
        )

    return surface


def write_points(path: Path, texture: str, points: dict) -> Path:
    """Landmark -> its pixel, as a table."""
    rows = [f'{texture},{n},{x!r},{y!r}' for n, (x, y) in points.items()]
    path.write_text('\n'.join(['image,landmark,x,y', *rows]) + '\n')
    return path
