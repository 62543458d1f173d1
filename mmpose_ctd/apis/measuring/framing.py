"""Shows a photograph's face to the network framed as the training faces.

A frame is an upright rectangle of the photograph with the shape of the
network input. Lengths are counted in its width, so that the frame goes from
(0, 0) to (1, height / width); ``frame units`` below.
"""

from typing import NamedTuple

import numpy as np

from mmpose_ctd.datasets.image_crop import ImageCrop

__all__ = [
    'Frame',
    'cut_frame',
    'fit_template',
    'frame_around',
    'frame_by_template',
    'landmark_template',
]


class Frame(NamedTuple):
    """A rectangle of a photograph, in its pixels; it may reach outside.

    The upper left pixel's corner is (0, 0), its centre (0.5, 0.5).
    """

    x: float
    y: float
    width: float
    height: float

    def to_units(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) of the photograph, in frame units."""
        return (np.asarray(points) + 0.5 - self[:2]) / self.width

    def to_image(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) in frame units, as pixels of the photograph."""
        return np.asarray(points) * self.width + self[:2] - 0.5


def frame_around(
    box: tuple[float, float, float, float], aspect: float, margin: float = 1.0
) -> Frame:
    """The frame with the centre of a box, ``margin`` times its size.

    Args:
        box (tuple): x, y, width, height in pixels of the photograph.
        aspect (float): Height of the network input divided by its width.
        margin (float): Defaults to 1.
    """
    x, y, w, h = box
    width = margin * max(w, h / aspect)
    height = width * aspect
    return Frame(x + (w - width) / 2, y + (h - height) / 2, width, height)


def landmark_template(
    points: np.ndarray, visible: np.ndarray, rounds: int = 20
) -> np.ndarray:
    """Where the training faces have their landmarks, and how far apart.

    The mean shape of faces that are moved and scaled onto each other but not
    turned, put where the faces' centroids and sizes have their medians.
    A landmark that a face lacks is filled in with the fitted mean, again and
    again, so that it pulls nothing.

    Args:
        points (np.ndarray): (N, K, 2) in frame units.
        visible (np.ndarray): Whether each is known, bool, (N, K).
        rounds (int): Rounds of fitting. Defaults to 20.

    Returns:
        np.ndarray: (K, 2), frame units; NaN for a landmark that no face has.
    """
    points = np.where(visible[..., None], points, np.nan)
    seen = visible.any(axis=0)
    template = np.full(points.shape[1:], np.nan)
    # The median alone starts it; frames differ little.
    template[seen] = np.nanmedian(points[:, seen], axis=0)
    start = template.copy()
    for _ in range(rounds):
        aligned = []
        for face in points:
            scale, shift = fit_template(template, face)
            aligned.append((face - shift) / scale)
        aligned = np.stack(aligned)
        # No face pulls more than another where all are known.
        template[seen] = np.nanmean(aligned[:, seen], axis=0)
        scale, shift = fit_template(template[seen], start[seen])
        template = template * scale + shift
    fits = [fit_template(template, face) for face in points]
    scale = np.median([s for s, _ in fits])
    centre = np.nanmean(template, axis=0)
    moved = np.median([s * centre + t for s, t in fits], axis=0)
    return (template - centre) * scale + moved


def fit_template(
    template: np.ndarray, points: np.ndarray
) -> tuple[float, np.ndarray]:
    r"""Scale and shift that bring a template onto points, least squares.

    .. math:: \min_{s, t} \sum_k \lVert s T_k + t - p_k \rVert^2

    Args:
        template (np.ndarray): (K, 2).
        points (np.ndarray): (K, 2); landmarks that are NaN in either count
            nothing.

    Returns:
        tuple[float, np.ndarray]: s, and t of shape (2,). With a single
        known point, or none that differ, s is 1.
    """
    known = np.isfinite(template).all(-1) & np.isfinite(points).all(-1)
    if not known.any():
        return 1.0, np.zeros(2)
    ours, theirs = template[known], points[known]
    a, b = ours.mean(axis=0), theirs.mean(axis=0)
    spread = ((ours - a) ** 2).sum()
    scale = ((ours - a) * (theirs - b)).sum() / spread if spread else 1.0
    # Points in disorder may fit a mirrored template best, or a single spot.
    size = np.sqrt(((theirs - b) ** 2).sum() / spread) if spread else 1.0
    scale = float(max(scale, 0.5 * size)) or 1.0
    return scale, b - scale * a


def frame_by_template(
    template: np.ndarray,
    points: np.ndarray,
    aspect: float,
    image_size: tuple[int, int],
) -> Frame:
    """The frame in which landmarks lie as in the training images.

    Args:
        template (np.ndarray): Of :func:`landmark_template`, (K, 2).
        points (np.ndarray): Landmarks in pixels of the photograph, (K, 2).
        aspect (float): Height of the network input divided by its width.
        image_size (tuple[int, int]): Width and height of the photograph:
            what disorderly landmarks ask for stays near it.
    """
    width, shift = fit_template(template, points + 0.5)
    width = float(np.clip(width, 8, 4 * max(image_size)))
    size = np.array([width, width * aspect])
    x, y = np.clip(shift, 2 - size, np.array(image_size) - 2)
    return Frame(float(x), float(y), *map(float, size))


def cut_frame(
    image: np.ndarray, frame: Frame, size: tuple[int, int]
) -> tuple[np.ndarray, Frame]:
    """The frame's pixels, scaled down to at most ``size``.

    Averages where it shrinks, so that a photograph of 24 million pixels looks
    like the training images that were made small before, not like every
    twentieth pixel of it. It never enlarges: the network's own pipeline does.
    Outside of the photograph its border is repeated.

    Args:
        image (np.ndarray): Photograph (H, W, 3).
        frame (Frame): What to cut out; whole pixels of it are.
        size (tuple[int, int]): Width and height of the result at most.

    Returns:
        tuple[np.ndarray, Frame]: Picture (h, w, 3) and the frame that it
        shows exactly.
    """
    x, y = round(frame.x), round(frame.y)
    width = max(2, round(frame.width))
    height = max(2, round(frame.height))
    crop = ImageCrop(
        x, y, width, height, min(size[0], width), min(size[1], height)
    )
    picture = np.ascontiguousarray(crop.pixels(image))
    return picture, Frame(x, y, width, height)
