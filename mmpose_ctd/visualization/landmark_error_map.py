"""Where on the face a system errs."""

from collections.abc import Mapping
from itertools import cycle

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure

from .line_styles import COLOURS

_COLUMNS = 3
#: Round numbers that circles may be enlarged by.
_FACTORS = (1, 2, 5, 10, 20)
#: Of the face's extent, the radius of an enlarged circle.
_LARGEST = 0.1


def plot_landmark_errors(
    points: np.ndarray,
    errors_by_system: Mapping[str, np.ndarray],
    unit: str = 'input px',
) -> Figure:
    """Draw each landmark's mean error as a circle at its mean place.

    The radius is the error, in the pixels of the axes, times a round number
    that makes the largest circle well seen; the axes tell it.

    Args:
        points (np.ndarray): Mean true positions (x, y), shape (K, 2), NaN
            for a landmark that nobody has.
        errors_by_system (Mapping[str, np.ndarray]): System's name -> mean
            error of each landmark in the unit of ``points``, shape (K,).
        unit (str): Unit of both. Defaults to ``'input px'``.

    Returns:
        matplotlib.figure.Figure: A panel a system, bound to no window.
    """
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f'points must be (K, 2), found {points.shape}.')
    columns = min(_COLUMNS, len(errors_by_system))
    rows = -(-len(errors_by_system) // columns)
    figure = Figure(
        figsize=(0.5 + 3.6 * columns, 0.3 + 3.9 * rows), layout='constrained'
    )
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    factor = _factor(points, errors_by_system.values())
    limits = _limits(
        points, [factor * np.asarray(e) for e in errors_by_system.values()]
    )
    times = f'; radius = {factor} x error' if factor > 1 else ''
    for axes, (name, errors), colour in zip(
        panels, errors_by_system.items(), cycle(COLOURS)
    ):
        known = np.isfinite(points).all(axis=1) & np.isfinite(errors)
        axes.add_collection(
            EllipseCollection(
                *[2 * factor * np.asarray(errors)[known]] * 2,
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
        axes.set_xlabel(f'{unit}{times}', fontsize=9)
        axes.tick_params(labelsize=8)
        for side in ('top', 'right'):
            axes.spines[side].set_visible(False)
    for axes in panels[len(errors_by_system) :]:
        axes.set_visible(False)
    return figure


def _factor(points: np.ndarray, all_errors) -> int:
    """What small errors are multiplied by."""
    span = np.nanmax(np.nanmax(points, axis=0) - np.nanmin(points, axis=0))
    largest = max(np.nanmax(errors) for errors in all_errors)
    fitting = [f for f in _FACTORS if f * largest <= _LARGEST * span]
    return max(fitting, default=1)


def _limits(points: np.ndarray, all_errors) -> np.ndarray:
    """Ends of x and y, (2, 2), that hold every circle."""
    reach = np.nanmax(
        [np.where(np.isfinite(e), e, 0) for e in all_errors], axis=0
    )
    low = np.nanmin(points - reach[:, None], axis=0)
    high = np.nanmax(points + reach[:, None], axis=0)
    margin = 0.08 * np.max(high - low) or 1.0
    return np.stack([low - margin, high + margin], axis=1)
