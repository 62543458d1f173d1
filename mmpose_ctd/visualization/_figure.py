"""Matplotlib figures without pyplot; lines that differ in any vision."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_COLUMNS = 3
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
# Thin marks are drawn larger.
_SIZES = {'P': 7.0, 'X': 7.0}
_DASHES = ('-', (0, (4, 1.5)), (0, (1.2, 1.2)))


def new_figure(width: float, height: float) -> Figure:
    """A figure that belongs to no window, in inches.

    pyplot would keep every figure, choose a window system and share its
    settings with the caller's own plots.
    """
    figure = Figure(figsize=(width, height), layout='constrained')
    FigureCanvasAgg(figure)
    return figure


def new_panels(
    number: int, width: float, height: float, margins: tuple[float, float]
) -> tuple[Figure, list[Axes]]:
    """A figure of panels, three in a row.

    Args:
        number (int): How many panels.
        width (float): Of a panel, in inches.
        height (float): Of a panel, in inches.
        margins (tuple[float, float]): Further width and height.
    """
    columns = min(_COLUMNS, number)
    rows = -(-number // columns)
    figure = new_figure(
        margins[0] + width * columns, margins[1] + height * rows
    )
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels[number:]:
        axes.set_visible(False)
    return figure, [*panels[:number]]


def clear_axes(axes: Axes, grid: str | None = '0.9') -> None:
    """Remove the frame's top and right; draw a grid in a grey, below all."""
    if grid:
        axes.grid(True, color=grid, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)


def save_figure(figure: Figure, file: str | Path | None, dpi: int) -> None:
    """Write a figure, if a file is given; folders are made."""
    if file is not None:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, dpi=dpi)


def require_any(items: Mapping, name: str, what: str) -> None:
    """Refuse to draw nothing."""
    if not items:
        raise ValueError(f'{name} is empty: there is no {what} to draw.')


def line_styles(number: int) -> list[dict]:
    """Arguments of matplotlib's ``plot`` for some lines.

    The first seven differ in colour and marker. The next seven are dashed,
    with other pairs of colour and marker; the next are dotted; then the
    styles repeat.

    Args:
        number (int): How many lines.

    Returns:
        list[dict]: Colour, dashes, marker and widths of each line.
    """
    count = len(COLOURS)
    return [
        dict(
            color=COLOURS[i % count],
            marker=marker,
            linestyle=_DASHES[i // count % len(_DASHES)],
            linewidth=1.8,
            markersize=_SIZES.get(marker, 5.5),
            markeredgecolor='white',
            markeredgewidth=0.7,
        )
        for i in range(number)
        for marker in [MARKERS[(i + i // count) % count]]
    ]
