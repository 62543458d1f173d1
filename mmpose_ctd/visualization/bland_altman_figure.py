"""Predicted measures against manual ones, after Bland and Altman."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..evaluation.functional import Agreement, Estimate
from ..evaluation.functional.measurements import digits_of
from ._figure import COLOURS, clear_axes, new_panels, save_figure

_POINT, _LIMIT, _ZERO = COLOURS[0], COLOURS[1], '0.55'


def plot_bland_altman(
    pairs: Mapping[str, tuple[np.ndarray, np.ndarray]],
    units: Mapping[str, str],
    agreements: Mapping[str, Agreement],
    out_file: str | Path | None = None,
    title: str | None = None,
) -> Figure:
    """Plot the difference of each pair over its mean, a panel per measure.

    The solid line is the bias, the dashed lines are the 95 % limits of
    agreement, the bands are their 95 % confidence intervals, the thin line is
    0. If the interval of the slope excludes 0, a dotted line shows how the
    difference depends on the measured value. J. M. Bland, D. G. Altman,
    Lancet 1986 (i), and Statistical Methods in Medical Research 1999.

    Args:
        pairs (Mapping[str, tuple]): Measure's name -> manual and predicted
            values, each (N,), NaN if unknown.
        units (Mapping[str, str]): Measure's name -> unit, see
            :func:`measurement_units`.
        agreements (Mapping[str, Agreement]): Measure's name -> its
            :func:`agreement`.
        out_file (str or Path, optional): Where to write the figure; the
            suffix gives the format (png, pdf, svg). Folders are made.
        title (str, optional): Heading.

    Returns:
        matplotlib.figure.Figure: The figure, bound to no window.
    """
    figure, panels = new_panels(pairs, (3.7, 3.15), (0.4, 0.5))
    for axes, (name, (manual, predicted)) in zip(panels, pairs.items()):
        _panel(axes, manual, predicted, agreements[name])
        _label(axes, name, units[name], agreements[name])
    if title:
        figure.suptitle(title, fontsize=12).set_parse_math(False)
    save_figure(figure, out_file, 150)
    return figure


def _panel(axes: Axes, manual, predicted, found: Agreement) -> None:
    means = (manual + predicted) / 2
    axes.axhline(0, color=_ZERO, linewidth=0.8, zorder=1)
    _line(axes, found.bias, _POINT, 'solid')
    for limit in (found.loa_low, found.loa_high):
        _line(axes, limit, _LIMIT, (0, (5, 3)))
    axes.plot(
        means,
        predicted - manual,
        linestyle='none',
        marker='o',
        markersize=4.5,
        color=_POINT,
        markeredgecolor='white',
        markeredgewidth=0.5,
        alpha=0.85,
        zorder=3,
    )
    if found.slope.low * found.slope.high > 0:
        ends = np.array([np.nanmin(means), np.nanmax(means)])
        line = found.slope.value * (ends - np.nanmean(means))
        line += found.bias.value
        axes.plot(ends, line, color='black', linestyle=':', linewidth=1.6)
    if not found.n:
        axes.set(xticks=[], yticks=[])
        return
    # Room for the limits' intervals, and the same above and below 0, which
    # makes a bias visible.
    ends = [found.loa_low.low, found.loa_high.high, *axes.get_ylim()]
    reach = 1.05 * np.nanmax(np.abs(ends))
    # Do not enlarge differences that are only rounding.
    least = 1e-3 * np.nanmax(np.abs(manual)) or 1.0
    reach = max(reach, least)
    axes.set_ylim(-reach, reach)
    axes.margins(x=0.08)


def _line(axes: Axes, estimate: Estimate, colour: str, style) -> None:
    if np.isnan(estimate.value):
        return
    axes.axhline(
        estimate.value, color=colour, linestyle=style, linewidth=1.4, zorder=2
    )
    if not np.isnan(estimate.low):
        look = dict(color=colour, alpha=0.13, linewidth=0, zorder=0)
        axes.axhspan(estimate.low, estimate.high, **look)


def _label(axes: Axes, name: str, unit: str, found: Agreement) -> None:
    behind = f' ({unit})' if unit != '1' else ''
    heading = axes.set_title(
        name, fontsize=10.5, fontweight='bold', loc='left', pad=31
    )
    # A name is not a formula.
    heading.set_parse_math(False)
    text = axes.annotate(
        _numbers(found, digits_of(unit)),
        (0, 1),
        (0, 5),
        xycoords='axes fraction',
        textcoords='offset points',
        fontsize=8.5,
        linespacing=1.25,
    )
    # It may be wider than the panel without moving others.
    text.set_in_layout(False)
    axes.set_xlabel(f'mean of both{behind}', fontsize=9)
    axes.set_ylabel(f'predicted - manual{behind}', fontsize=9)
    axes.tick_params(labelsize=8.5)
    clear_axes(axes, None)


def _numbers(found: Agreement, digits: int) -> str:
    """Two lines above a panel."""
    count = f'n = {found.n}'
    if found.num_subjects != found.n:
        count += f', {found.num_subjects} people'
    if not found.n:
        return f'{count}: nothing to compare\n'
    numbers = f'bias {found.bias.value:+.{digits}f}'
    if not np.isnan(found.sd):
        numbers += (
            f', limits {found.loa_low.value:+.{digits}f} to '
            f'{found.loa_high.value:+.{digits}f}'
        )
    if found.slope.low * found.slope.high > 0:
        count += f', slope {found.slope.value:+.2f}'
    return f'{count}\n{numbers}'
