"""How large landmark errors are, where, and whether they were expected."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ..evaluation.functional import (
    area_under_ced,
    checked_threshold,
    cumulative_error_distribution,
    mean_error,
)
from ._figure import (
    COLOURS,
    LEGEND_ABOVE,
    MARKERS,
    clear_axes,
    line_styles,
    new_figure,
    save_figure,
)


def plot_ced(
    errors_by_system: Mapping[str, np.ndarray],
    threshold: float,
    unit: str = 'input px',
    out_file: str | Path | None = None,
    per: str = 'image',
) -> Figure:
    """Plot the share of errors of at most t, for t from 0 to the threshold.

    The curves are the exact step functions. The legend gives the AUC, the
    area divided by the threshold.

    Args:
        errors_by_system (Mapping[str, np.ndarray]): System -> errors, (N,),
            NaN where unknown.
        threshold (float): End of the axis and tau of the AUC, in ``unit``.
        unit (str): Unit of the errors, for the axis. Defaults to
            ``'input px'``.
        out_file (str or Path, optional): Where to write the figure; the
            suffix gives the format (png, pdf, svg). Folders are made.
        per (str): ``'image'`` or ``'landmark'``: what one error belongs to.
            Defaults to ``'image'``.

    Returns:
        matplotlib.figure.Figure: The figure, bound to no window.
    """
    threshold = checked_threshold(threshold)
    # The legend is above the axes: more systems need a higher figure.
    height = 3.6 + 0.2 * len(errors_by_system)
    figure = new_figure(5.6, height)
    axes = figure.add_subplot()
    width = max(map(len, errors_by_system))
    styles = line_styles(len(errors_by_system))
    for (name, errors), style in zip(errors_by_system.items(), styles):
        errors = np.asarray(errors, dtype=np.float64)
        inside = np.unique(errors[errors < threshold])
        corners = np.concatenate([[0.0], inside, [threshold]])
        axes.plot(
            corners,
            cumulative_error_distribution(errors, corners),
            drawstyle='steps-post',
            **style,
            # A share of the diagonal: few marks for any number of images.
            markevery=0.12,
            label=f'{name:<{width}}  ME {mean_error(errors):.2f}  '
            f'AUC {area_under_ced(errors, threshold):.3f}',
        )
    if all(np.nanmin(e) > threshold for e in errors_by_system.values()):
        axes.text(
            0.5,
            0.5,
            f'all errors are above {threshold:g} {unit}',
            transform=axes.transAxes,
            ha='center',
            fontsize=12,
        )
    axes.set(xlim=(0, threshold), ylim=(0, 1.005))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    of = 'Mean landmark error of an image' if per == 'image' else 'Error'
    axes.set_xlabel(f'{of} ({unit})', fontsize=11)
    axes.set_ylabel(
        f'{per.capitalize()}s with at most this error', fontsize=11
    )
    axes.tick_params(labelsize=10)
    clear_axes(axes, '0.88')
    # Letters of one width align the numbers of all systems.
    font = {'family': 'monospace', 'size': 9.5}
    axes.legend(**LEGEND_ABOVE, handlelength=2.4, prop=font)
    save_figure(figure, out_file, 200)
    return figure


def plot_reliability(
    summary: Mapping,
    faces: str = 'faces',
    out_file: str | Path | None = None,
) -> Figure:
    """Draw whether errors are as large as a calibration expects.

    Left: landmarks in bins by expected error. On the diagonal the expectation
    is right. Right: the share of truths inside of the intervals that should
    contain 50, 80 and 95 % of them.

    Args:
        summary (Mapping): Of :func:`.reliability`: ``bins``,
            ``coverage``, ``faces``, ``subjects``.
        faces (str): Which faces, for the heading.
        out_file (str or Path, optional): Where to write it; the ending gives
            the format.

    Returns:
        matplotlib.figure.Figure: The figure, bound to no window.
    """
    figure = new_figure(9.6, 4.6)
    left, right = figure.subplots(1, 2)
    bins = summary['bins']
    expected = [one['expected_px'] for one in bins]
    _dots(
        left, expected, bins, 'observed_px', color=COLOURS[0], fmt=MARKERS[0]
    )
    last = 1.1 * np.nanmax(
        [
            *expected,
            *(one[key] for one in bins for key in ('observed_px', 'high')),
        ]
    )
    left.plot([0, last], [0, last], color='0.5', linewidth=1, zorder=1)
    unit = 'pixels of the network input'
    left.set(
        xlim=(0, last),
        ylim=(0, last),
        aspect='equal',
        xlabel=f'Expected error (RMS, {unit})',
        ylabel=f'Observed error (RMS, {unit})',
    )
    left.set_title('Landmarks, from sure to unsure', fontsize=10)

    coverage = summary['coverage']
    right.plot([-1, 2], [-1, 2], color='0.5', linewidth=1)
    lowest = [0.43]
    styles = zip(coverage.items(), COLOURS, MARKERS, (-0.012, 0.012))
    for (name, shares), colour, marker, shift in styles:
        if shares:
            at = [one['expected'] + shift for one in shares]
            look = dict(color=colour, fmt=marker, label=name)
            _dots(right, at, shares, 'observed', **look)
            lowest += [one['low'] for one in shares]
    # Every bar is shown whole, with its cap.
    low = np.nanmin(np.array(lowest, float)) - 0.03
    right.set(
        xlim=(low, 1.03),
        ylim=(low, 1.03),
        aspect='equal',
        xticks=[0.5, 0.8, 0.95],
        xlabel='Truths that the interval should contain',
        ylabel='Truths that it contains',
    )
    for axis in (right.xaxis, right.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    right.set_title('Intervals', fontsize=10)
    if any(coverage.values()):
        right.legend(loc='upper left', frameon=False, fontsize=9)
    for axes in (left, right):
        clear_axes(axes, '0.88')
    figure.suptitle(
        f'{summary["faces"]} {faces}, {summary["subjects"]} subjects; bars: '
        '95 % intervals over subjects',
        fontsize=11,
    )
    save_figure(figure, out_file, 160)
    return figure


def _dots(axes: Axes, at, found: list[Mapping], key: str, **look) -> None:
    """Dots at ``at``, as high as ``key``, with bars from low to high."""
    observed = np.array([one[key] for one in found])
    bars = np.array([[one['low'], one['high']] for one in found]).T
    bars = np.abs(bars - observed)
    axes.errorbar(at, observed, bars, capsize=3, **look)
