"""How a training went: loss terms, validation, learning rate."""

from collections.abc import Mapping, Sequence
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .line_styles import COLOURS, MARKERS

Points = tuple[Sequence[float], Sequence[float]]


def plot_training(
    panels: Mapping[str, Mapping[str, Points]],
    log_scale: Sequence[str] = (),
    x_label: str = 'training step',
) -> Figure:
    """Draw curves over the steps of a training, a panel a kind.

    Args:
        panels (Mapping[str, Mapping[str, Points]]): Title of a panel -> name
            of a curve -> its steps and values.
        log_scale (Sequence[str]): Titles of the panels whose values are
            drawn on a logarithmic axis. Defaults to none.
        x_label (str): Defaults to ``'training step'``.

    Returns:
        matplotlib.figure.Figure: The figure, bound to no window.
    """
    if not panels:
        raise ValueError('panels is empty: there is no curve.')
    figure = Figure(
        figsize=(0.4 + 3.5 * len(panels), 3.0), layout='constrained'
    )
    FigureCanvasAgg(figure)
    row = figure.subplots(1, len(panels), squeeze=False).ravel()
    for axes, (title, curves) in zip(row, panels.items()):
        _panel(axes, curves)
        axes.set_title(title, fontsize=10.5, fontweight='bold', loc='left')
        axes.set_xlabel(x_label, fontsize=9)
        positive = all(min(values) > 0 for _, values in curves.values())
        if title in log_scale and positive:
            axes.set_yscale('log')
    return figure


def _panel(axes: Axes, curves: Mapping[str, Points]) -> None:
    styles = zip(cycle(COLOURS), cycle(MARKERS))
    for (name, (steps, values)), (colour, marker) in zip(
        curves.items(), styles
    ):
        axes.plot(
            steps,
            values,
            color=colour,
            marker=marker,
            markersize=4,
            markevery=max(1, len(steps) // 12),
            linewidth=1.5,
            label=name,
        )
    if len(curves) > 1:
        axes.legend(fontsize=8.5, frameon=False)
    axes.tick_params(labelsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.grid(True, color='0.9', linewidth=0.7)
    axes.set_axisbelow(True)
    axes.ticklabel_format(axis='y', style='sci', scilimits=(-3, 4))
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
