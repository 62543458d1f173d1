"""Where on the face a system errs."""

from collections.abc import Mapping
from itertools import cycle

import numpy as np
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure

from ._figure import COLOURS, clear_axes, new_panels

#: Round numbers that may enlarge the circles.
_FACTORS = (1, 2, 5, 10, 20)
#: Largest radius of an enlarged circle, as a share of the face.
_LARGEST = 0.1


def plot_landmark_errors(
    points: np.ndarray, errors_by_system: Mapping[str, np.ndarray]
) -> Figure:
    """Draw each landmark's mean error as a circle at its mean position.

    The radius is the error in the pixels of the axes, times a round number
    that makes the circles visible; the axes name it.

    Args:
        points (np.ndarray): Mean true positions (x, y) in pixels of the
            input, (K, 2), NaN for a landmark that no face has.
        errors_by_system (Mapping[str, np.ndarray]): System -> mean error of
            each landmark in pixels of the input, (K,).

    Returns:
        matplotlib.figure.Figure: A panel for each system, bound to no
        window.
    """
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f'points must be (K, 2), found {points.shape}.')
    figure, panels = new_panels(len(errors_by_system), 3.6, 3.9, (0.5, 0.3))
    errors = np.array([*errors_by_system.values()], dtype=np.float64)
    factor = _factor(points, errors)
    limits = _limits(points, factor * errors)
    times = f'; radius = {factor} x error' if factor > 1 else ''
    for axes, name, radii, colour in zip(
        panels, errors_by_system, factor * errors, cycle(COLOURS)
    ):
        known = np.isfinite(points).all(axis=1) & np.isfinite(radii)
        axes.add_collection(
            EllipseCollection(
                *[2 * radii[known]] * 2,
                np.zeros(known.sum()),
                units='xy',
                offsets=points[known],
                offset_transform=axes.transData,
                facecolor=colour,
                edgecolor=colour,
                alpha=0.35,
            )
        )
        axes.plot(*points[known].T, '.', color='black', markersize=3)
        axes.set(xlim=limits[0], ylim=limits[1][::-1], aspect='equal')
        axes.set_title(name, fontsize=10.5, fontweight='bold')
        axes.set_xlabel(f'input px{times}', fontsize=9)
        axes.tick_params(labelsize=8)
        clear_axes(axes, None)
    return figure


def _factor(points: np.ndarray, errors: np.ndarray) -> int:
    """The largest factor whose circles stay small enough."""
    span = np.nanmax(np.nanmax(points, axis=0) - np.nanmin(points, axis=0))
    fitting = [f for f in _FACTORS if f * np.nanmax(errors) <= _LARGEST * span]
    return max(fitting, default=1)


def _limits(points: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Ends of x and y, (2, 2), that contain every circle."""
    reach = np.nan_to_num(radii).max(axis=0)[:, None]
    low = np.nanmin(points - reach, axis=0)
    high = np.nanmax(points + reach, axis=0)
    margin = 0.08 * np.max(high - low) or 1.0
    return np.stack([low - margin, high + margin], axis=1)
