"""Errors over labels or over a setting, and curves of a training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from scipy.optimize import isotonic_regression

from ._figure import (
    COLOURS,
    MARKERS,
    clear_axes,
    line_styles,
    new_figure,
    new_panels,
)


@dataclass(frozen=True)
class LearningCurve:
    """Errors of a system at some budgets: increasing numbers of labels.

    Errors are in pixels; spreads are half the width of the band, NaN where it
    is not known.
    """

    budgets: Sequence[int]
    errors: Sequence[float]
    spreads: Sequence[float]


def plot_learning_curves(
    curves: Mapping[str, LearningCurve], band: bool = True
) -> Figure:
    """All systems in one figure, each named where its line ends.

    The bands of many systems would hide each other.
    """
    figure = new_figure(7.8, max(4.2, 1.6 + 0.27 * len(curves)))
    # A browser's letters may be wider than matplotlib's.
    figure.get_layout_engine().set(w_pad=0.15)
    axes = figure.add_subplot()
    styles = line_styles(len(curves))
    _set_scale(axes, curves, 11, 10)
    for (name, curve), style in zip(curves.items(), styles):
        _draw(axes, curve, style, name, band)
    _name_ends(axes, curves, styles)
    return figure


def plot_curve_panels(
    curves: Mapping[str, LearningCurve],
    baseline: str,
) -> Figure:
    """A panel a system, with its band, and the baseline in grey.

    Without a system of the baseline's name, all others are grey.
    """
    names = [name for name in curves if name != baseline] or [*curves]
    figure, panels = new_panels(
        names, (2.5, 2.2), (0.6, 0.5), columns=4, sharex=True, sharey=True
    )
    styles = dict(zip(curves, line_styles(len(curves))))
    grey = [baseline] if baseline in curves else names
    for axes, name in zip(panels, names):
        for other in grey:
            if other != name:
                style = dict(styles[other], color='0.55', linewidth=1.2)
                _draw(axes, curves[other], style, other, band=True)
        _draw(axes, curves[name], styles[name], name, band=True)
        axes.set_title(name, fontsize=10.5, fontweight='bold', loc='left')
        _set_scale(axes, curves, 0, 8.5)
    # The lowest panel of each column, not those of the last row.
    for axes in panels[-4:]:
        axes.tick_params(labelbottom=True)
    figure.supxlabel('Labelled training images', fontsize=10.5)
    figure.supylabel('Mean error (px)', fontsize=10.5)
    return figure


def _draw(axes: Axes, curve, style: dict, name: str, band: bool) -> None:
    x, y, spread = (
        np.asarray(values, dtype=np.float64)
        for values in (curve.budgets, curve.errors, curve.spreads)
    )
    axes.plot(x, y, label=name, **style)
    if band:
        # A logarithmic axis has no place for 0.
        low = np.fmax(y - spread, np.where(np.isnan(spread), spread, 0.2 * y))
        colour = style['color']
        axes.fill_between(
            x, low, y + spread, color=colour, alpha=0.2, linewidth=0
        )


def _set_scale(axes: Axes, curves, font: float, tick_font: float) -> None:
    """Logarithmic axes with readable ticks; labels if ``font`` is not 0."""
    budgets = sorted({n for curve in curves.values() for n in curve.budgets})
    axes.set_xscale('log')
    axes.set_xticks(budgets, [str(n) for n in budgets])
    axes.xaxis.set_minor_locator(NullLocator())
    low = min(min(curve.errors) for curve in curves.values())
    high = max(max(curve.errors) for curve in curves.values())
    if low > 0:
        axes.set_yscale('log')
        # Powers of ten are too far apart: errors span less than a decade.
        decades = 10.0 ** np.arange(-4, 5)
        steps = (1, 1.5, 2, 3, 5, 7) if high / low < 8 else (1, 2, 5)
        ticks = np.multiply.outer(decades, steps).ravel()
        bottom, top = 0.94 * low, 1.06 * high
        axes.set_yticks(ticks[(bottom <= ticks) & (ticks <= top)])
        axes.set_ylim(bottom, top)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda t, _: f'{t:g}'))
        axes.yaxis.set_minor_locator(NullLocator())
    if font:
        axes.set_xlabel('Labelled training images', fontsize=font)
        axes.set_ylabel('Mean error (px)', fontsize=font)
    axes.tick_params(labelsize=tick_font)
    clear_axes(axes)


def _name_ends(axes: Axes, curves, styles: Sequence[dict]) -> None:
    """Names to the right, in the order of the lines' ends, not on top of
    each other, each with its mark and joined to its line."""
    last = max(max(curve.budgets) for curve in curves.values())
    # The layout is not known before.
    axes.figure.canvas.draw()
    to_axes = axes.transData + axes.transAxes.inverted()
    heights = [
        to_axes.transform((last, curve.errors[-1]))[1]
        for curve in curves.values()
    ]
    step = 0.235 / axes.get_window_extent().height * axes.figure.dpi
    outside = dict(transform=axes.transAxes, clip_on=False)
    places = _apart(heights, step)
    for (name, curve), style, place in zip(curves.items(), styles, places):
        budget, error = curve.budgets[-1], curve.errors[-1]
        x, y = to_axes.transform((budget, error))
        thin = dict(color='0.75', linewidth=0.7, zorder=0)
        axes.plot([x, 1.05, 1.07], [y, place, place], **thin, **outside)
        mark = style | outside | dict(markevery=[1])
        axes.plot([1.075, 1.115, 1.155], [place] * 3, **mark)
        text = f'{name}  {error:.2f}'
        if budget < last:
            # Not to be compared with the errors at the last budget.
            text += f' at {budget}'
        axes.text(1.17, place, text, va='center', fontsize=9, **outside)


def _apart(wanted: Sequence[float], step: float) -> np.ndarray:
    """Places in [0, 1] as near as can be to the wanted ones, a step apart.

    Where they do not all fit they hang over at the bottom.
    """
    order = np.argsort(wanted, kind='stable')
    steps = step * np.arange(len(order))
    # A step apart is: increasing after the steps are taken off.
    free = isotonic_regression(np.asarray(wanted, dtype=float)[order] - steps)
    places = np.empty(len(order))
    places[order] = np.minimum(np.maximum(free.x, 0), 1 - steps[-1]) + steps
    return places


def plot_training(
    title: str, curves: Mapping[str, pd.Series], log_scale: bool = False
) -> Figure:
    """Draw curves, each indexed by step, over the steps of a training.

    ``log_scale``: a logarithmic axis, if all values are above 0.
    """
    figure = new_figure(3.9, 3.0)
    axes = figure.add_subplot()
    looks = zip(cycle(COLOURS), cycle(MARKERS))
    for (name, curve), (colour, marker) in zip(curves.items(), looks):
        axes.plot(
            curve.index,
            curve.to_numpy(),
            color=colour,
            marker=marker,
            markersize=4,
            markevery=max(1, len(curve) // 12),
            linewidth=1.5,
            label=name,
        )
    if len(curves) > 1:
        axes.legend(fontsize=8.5, frameon=False)
    axes.tick_params(labelsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.ticklabel_format(axis='y', style='sci', scilimits=(-3, 4))
    clear_axes(axes)
    axes.set_title(title, fontsize=10.5, fontweight='bold', loc='left')
    axes.set_xlabel('training step', fontsize=9)
    if log_scale and all(curve.min() > 0 for curve in curves.values()):
        axes.set_yscale('log')
    return figure
