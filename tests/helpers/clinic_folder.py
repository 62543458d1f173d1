"""Photographs with painted dots, and the points that a tool would write.

A dot is a bright Gaussian spot, so that its place can be measured in any
picture made of the photograph.
"""

from pathlib import Path

import numpy as np
from PIL import Image

NAMES = ('exo_R', 'exo_L', 'subnasale', 'cheilion_R', 'cheilion_L')


def dotted(
    points: np.ndarray, size: tuple[int, int], sigma: float = 3.0
) -> np.ndarray:
    """A dark photograph with a spot at each point.

    Args:
        points (np.ndarray): (N, 2), the centre of the top left pixel at 0, 0.
        size (tuple[int, int]): Width and height.
        sigma (float): Of a spot, in pixels.

    Returns:
        np.ndarray: (H, W, 3), uint8.
    """
    columns, rows = np.arange(size[0]), np.arange(size[1])
    image = np.full((size[1], size[0]), 20.0)
    for x, y in points:
        across = np.exp(-((columns - x) ** 2) / (2 * sigma**2))
        down = np.exp(-((rows - y) ** 2) / (2 * sigma**2))
        image += 200 * np.outer(down, across)
    grey = image.clip(0, 255).round().astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def spot_near(image: np.ndarray, point: np.ndarray, radius: int) -> np.ndarray:
    """Where the spot nearest to a point is: its centre of mass, (2,)."""
    x, y = np.round(point).astype(int)
    rows, columns = np.mgrid[
        max(0, y - radius) : y + radius + 1,
        max(0, x - radius) : x + radius + 1,
    ]
    weight = image[rows, columns].mean(axis=-1) - 20.0
    weight = np.where(weight > 6, weight, 0)
    total = weight.sum()
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / total


def face_points(
    size: tuple[int, int], seed: int = 0, count: int = len(NAMES)
) -> np.ndarray:
    """Points in the layout of a face, (count, 2), off the pixel centres."""
    layout = np.array(
        [[0.35, 0.4], [0.65, 0.4], [0.5, 0.55], [0.42, 0.65], [0.58, 0.65]]
    )
    random = np.random.default_rng(seed)
    jitter = random.uniform(-0.02, 0.02, layout.shape)
    return ((layout + jitter) * size)[:count]


def make_clinic(
    folder: Path,
    count: int = 3,
    size: tuple[int, int] = (320, 400),
    suffix: str = '.png',
    **options,
) -> dict[str, np.ndarray]:
    """Write photographs.

    Args:
        folder (Path): Where.
        count (int): How many.
        size (tuple[int, int]): Width and height.
        suffix (str): Of the files.
        **options: Of Pillow's ``save``.

    Returns:
        dict[str, np.ndarray]: File name -> its points, upright pixels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for i in range(count):
        name = f'child{i // 2}_visit{i % 2}{suffix}'
        found[name] = face_points(size, seed=i)
        image = Image.fromarray(dotted(found[name], size))
        image.save(folder / name, **options)
    return found


def wide_csv(points: dict[str, np.ndarray], names=NAMES) -> str:
    """A table with a row a photograph."""
    titles = [f'{name}_{axis}' for name in names for axis in 'xy']
    rows = [','.join(['image', *titles])]
    for image, values in points.items():
        cells = ('' if np.isnan(v) else f'{v:.9f}' for v in values.ravel())
        rows.append(','.join([image, *cells]))
    return '\n'.join(rows) + '\n'
