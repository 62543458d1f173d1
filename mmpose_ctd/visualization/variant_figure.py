"""Error against the value of a setting."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ._figure import clear_axes, line_styles, new_figure, require_any

Points = tuple[Sequence[float], Sequence[float], Sequence[float]]


def plot_variants(
    curves: Mapping[str, Points],
    setting: str,
    references: Mapping[str, float] | None = None,
) -> Figure:
    """A line a system over a numeric setting, bars of one SD over seeds.

    The axis is logarithmic where all values are positive and the largest is
    at least ten times the smallest.

    Args:
        curves (Mapping[str, Points]): System -> values of the setting,
            errors in pixels, and SD of each (NaN where it is not known).
        setting (str): What is varied, for the axis.
        references (Mapping[str, float], optional): Name -> error without the
            setting, drawn as a level line.

    Returns:
        matplotlib.figure.Figure: The figure, bound to no window.
    """
    require_any(curves, 'curves', 'curve')
    figure = new_figure(4.6, 3.4)
    axes = figure.add_subplot()
    styles = line_styles(len(curves))
    for (name, (x, y, sd)), style in zip(curves.items(), styles):
        # matplotlib draws no bar where the SD is NaN.
        axes.errorbar(
            np.asarray(x, dtype=float), y, sd, capsize=3, label=name, **style
        )
    for (name, error), dashes in zip(
        (references or {}).items(), ('--', ':', '-.') * 9
    ):
        axes.axhline(
            error, color='0.35', linewidth=1.3, linestyle=dashes, label=name
        )
    values = sorted({float(v) for x, _, _ in curves.values() for v in x})
    if values[0] > 0 and values[-1] >= 10 * values[0]:
        axes.set_xscale('log')
        axes.xaxis.set_minor_locator(NullLocator())
    if len(values) <= 9:
        axes.set_xticks(values, [f'{v:g}' for v in values])
    axes.set_xlabel(setting, fontsize=10.5)
    axes.set_ylabel('Mean error (px)', fontsize=10.5)
    axes.tick_params(labelsize=9)
    clear_axes(axes)
    axes.legend(
        loc='lower left',
        bbox_to_anchor=(0.0, 1.01),
        borderaxespad=0.0,
        frameon=False,
        fontsize=9,
    )
    return figure
