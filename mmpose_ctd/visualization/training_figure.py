"""How a training went: loss terms, validation, learning rate."""

from collections.abc import Mapping
from itertools import cycle

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ._figure import COLOURS, MARKERS, clear_axes, new_figure, require_any


def plot_training(
    title: str, curves: Mapping[str, pd.Series], log_scale: bool = False
) -> Figure:
    """Draw curves over the steps of a training.

    Args:
        title (str): Heading.
        curves (Mapping[str, pd.Series]): Name -> values, indexed by step.
        log_scale (bool): Whether the values have a logarithmic axis, if all
            are above 0. Defaults to False.

    Returns:
        matplotlib.figure.Figure: The figure, bound to no window.
    """
    require_any(curves, 'curves', 'curve')
    figure = new_figure(3.9, 3.0)
    axes = figure.add_subplot()
    for (name, curve), colour, marker in zip(
        curves.items(), cycle(COLOURS), cycle(MARKERS)
    ):
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
