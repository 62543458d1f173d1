"""Error against number of labels, for one or many systems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from ._figure import clear_axes, line_styles, new_figure, require_any


@dataclass(frozen=True)
class LearningCurve:
    """Errors of a system at some budgets.

    Attributes:
        budgets (Sequence[int]): Numbers of labels, increasing, positive.
        errors (Sequence[float]): Mean error at each, in pixels.
        spreads (Sequence[float]): Half the width of the band at each; NaN
            where it is not known.
    """

    budgets: Sequence[int]
    errors: Sequence[float]
    spreads: Sequence[float]


def plot_learning_curves(
    curves: Mapping[str, LearningCurve], band: bool = True
) -> Figure:
    """All systems in one figure, each named where its line ends.

    Args:
        curves (Mapping[str, LearningCurve]): System -> its errors.
        band (bool): Whether bands are drawn; of many systems they hide each
            other. Defaults to True.

    Returns:
        matplotlib.figure.Figure: The figure, bound to no window.
    """
    _check(curves)
    height = max(4.2, 1.6 + 0.27 * len(curves))
    figure = new_figure(7.8, height)
    # A browser's letters may be wider than matplotlib's.
    figure.get_layout_engine().set(w_pad=0.15)
    axes = figure.add_subplot()
    styles = line_styles(len(curves))
    for (name, curve), style in zip(curves.items(), styles):
        _draw(axes, curve, style, name, band)
    _scale(axes, curves)
    _name_ends(axes, curves, styles)
    return figure


def plot_curve_panels(
    curves: Mapping[str, LearningCurve],
    baseline: str,
) -> Figure:
    """A panel a system, with its band, beside the baseline in grey.

    Args:
        curves (Mapping[str, LearningCurve]): System -> its errors.
        baseline (str): The grey one of all panels; where there is none of
            this name, all others are grey.

    Returns:
        matplotlib.figure.Figure: The figure, bound to no window.
    """
    _check(curves)
    names = [name for name in curves if name != baseline] or [baseline]
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    figure = new_figure(0.6 + 2.5 * columns, 0.5 + 2.2 * rows)
    panels = figure.subplots(
        rows, columns, squeeze=False, sharex=True, sharey=True
    ).ravel()
    styles = dict(zip(curves, line_styles(len(curves))))
    for axes, name in zip(panels, names):
        grey = [baseline] if baseline in curves else names
        for other in grey:
            if other != name:
                style = dict(styles[other], color='0.55', linewidth=1.2)
                _draw(axes, curves[other], style, other, band=True)
        _draw(axes, curves[name], styles[name], name, band=True)
        axes.set_title(name, fontsize=10.5, fontweight='bold', loc='left')
        _scale(axes, curves, small=True)
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    # The lowest panel of each column, not those of the last row.
    for axes in panels[max(0, len(names) - columns) : len(names)]:
        axes.tick_params(labelbottom=True)
    for axes in panels:
        axes.set_xlabel('')
        axes.set_ylabel('')
    figure.supxlabel('Labelled training images', fontsize=10.5)
    figure.supylabel('Mean error (px)', fontsize=10.5)
    return figure


def _check(curves: Mapping[str, LearningCurve]) -> None:
    require_any(curves, 'curves', 'curve')
    for name, curve in curves.items():
        if not len(curve.budgets) or min(curve.budgets) <= 0:
            raise ValueError(
                f'{name}: a logarithmic axis needs positive budgets, found '
                f'{list(curve.budgets)}.'
            )


def _draw(axes: Axes, curve, style: dict, name: str, band: bool) -> None:
    x, y, spread = (
        np.asarray(values, dtype=np.float64)
        for values in (curve.budgets, curve.errors, curve.spreads)
    )
    axes.plot(x, y, label=name, **style)
    if band:
        known = np.isfinite(spread)
        axes.fill_between(
            x,
            # A logarithmic axis has no place for 0.
            np.where(known, np.maximum(y - spread, 0.2 * y), np.nan),
            np.where(known, y + spread, np.nan),
            color=style['color'],
            alpha=0.2,
            linewidth=0,
        )


def _scale(axes: Axes, curves, small: bool = False) -> None:
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
    axes.set_xlabel('Labelled training images', fontsize=11)
    axes.set_ylabel('Mean error (px)', fontsize=11)
    axes.tick_params(labelsize=8.5 if small else 10)
    clear_axes(axes)


def _name_ends(axes: Axes, curves, styles: Sequence[dict]) -> None:
    """Names to the right, in the order of the lines' ends, not on top of
    each other, each with its mark and joined to its line."""
    last = max(max(curve.budgets) for curve in curves.values())
    ends = [curve.errors[-1] for curve in curves.values()]
    # The layout is not known before.
    axes.figure.canvas.draw()
    to_axes = axes.transData + axes.transAxes.inverted()
    heights = [to_axes.transform((last, e))[1] for e in ends]
    step = 0.235 / axes.get_window_extent().height * axes.figure.dpi
    places = _apart(heights, step)
    for (name, curve), style, place in zip(curves.items(), styles, places):
        start = to_axes.transform((curve.budgets[-1], curve.errors[-1]))
        axes.plot(
            [start[0], 1.05, 1.07],
            [start[1], place, place],
            transform=axes.transAxes,
            color='0.75',
            linewidth=0.7,
            clip_on=False,
            zorder=0,
        )
        axes.plot(
            [1.075, 1.115, 1.155],
            [place] * 3,
            transform=axes.transAxes,
            clip_on=False,
            **{**style, 'markevery': [1]},
        )
        axes.text(
            1.17,
            place,
            f'{name}  {curve.errors[-1]:.2f}'
            # Its number is not to be compared with those at the last budget.
            + (f' at {curve.budgets[-1]}' if curve.budgets[-1] < last else ''),
            transform=axes.transAxes,
            va='center',
            fontsize=9,
        )


def _apart(wanted: Sequence[float], step: float) -> np.ndarray:
    """Places in [0, 1] as near as can be to the wanted ones, a step apart.

    Where they do not all fit they hang over at the bottom.
    """
    order = np.argsort(wanted, kind='stable')
    # Neighbours that are too near make a block around their common middle.
    blocks: list[tuple[float, int]] = []
    for value in np.asarray(wanted, dtype=float)[order]:
        total, count = float(value), 1
        while blocks and (
            _start(total, count, step)
            < _start(*blocks[-1], step) + step * blocks[-1][1]
        ):
            before = blocks.pop()
            total, count = total + before[0], count + before[1]
        blocks.append((total, count))
    places = np.concatenate(
        [_start(*block, step) + step * np.arange(block[1]) for block in blocks]
    )
    found = np.empty(len(places))
    found[order] = places
    return found


def _start(total: float, count: int, step: float) -> float:
    """The lowest place of a block whose wanted places have this sum."""
    length = step * (count - 1)
    lowest = max(0.0, total / count - length / 2)
    return min(lowest, 1.0 - length)
