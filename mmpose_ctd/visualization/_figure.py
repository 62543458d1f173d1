"""Matplotlib figures without pyplot; lines that differ in any vision."""

from collections.abc import Collection
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# M. Okabe, K. Ito, "Color Universal Design". The markers differ in grey, too.
COLOURS = (
    '#0072B2',
    '#D55E00',
    '#009E73',
    '#CC79A7',
    '#56B4E9',
    '#E69F00',
    '#000000',
)
MARKERS = ('o', 's', '^', 'D', 'v', 'P', 'X')
_DASHES = ('-', (0, (4, 1.5)), (0, (1.2, 1.2)))
#: A legend above the axes.
LEGEND_ABOVE = dict(
    loc='lower left',
    bbox_to_anchor=(0.0, 1.01),
    borderaxespad=0.0,
    frameon=False,
)


def new_figure(width: float, height: float) -> Figure:
    """A figure in inches that belongs to no window.

    pyplot would keep every figure, choose a window system and share its
    settings with the caller's own plots.
    """
    figure = Figure(figsize=(width, height), layout='constrained')
    FigureCanvasAgg(figure)
    return figure


def new_panels(
    items: Collection,
    panel: tuple[float, float],
    margins: tuple[float, float],
    columns: int = 3,
    **shared: bool,
) -> tuple[Figure, list[Axes]]:
    """A figure with a panel for each item.

    ``panel`` and ``margins`` are width and height of a panel, and what the
    figure has beyond its panels, in inches; ``shared`` goes to ``subplots``.
    """
    columns = min(columns, len(items))
    rows = -(-len(items) // columns)
    figure = new_figure(
        margins[0] + panel[0] * columns, margins[1] + panel[1] * rows
    )
    panels = figure.subplots(rows, columns, squeeze=False, **shared).ravel()
    for axes in panels[len(items) :]:
        axes.set_visible(False)
    return figure, [*panels[: len(items)]]


def clear_axes(axes: Axes, grid: str | None = '0.9') -> None:
    """Remove the frame's top and right; draw a grid in a grey, below all."""
    if grid:
        axes.grid(True, color=grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)


def save_figure(figure: Figure, file: str | Path | None, dpi: int) -> None:
    """Write a figure, if a file is given; folders are made."""
    if file is not None:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, dpi=dpi)


def line_styles(number: int) -> list[dict]:
    """Colour, dashes, marker and widths of some lines of matplotlib.

    The first seven differ in colour and marker. The next seven are dashed,
    with other pairs of colour and marker; the next are dotted; then the
    styles repeat.
    """
    count = len(COLOURS)
    styles = []
    for i in range(number):
        marker = MARKERS[(i + i // count) % count]
        style = dict(
            color=COLOURS[i % count],
            marker=marker,
            linestyle=_DASHES[i // count % len(_DASHES)],
            linewidth=1.8,
            # Thin marks are drawn larger.
            markersize=7.0 if marker in 'PX' else 5.5,
            markeredgecolor='white',
            markeredgewidth=0.7,
        )
        styles.append(style)
    return styles
