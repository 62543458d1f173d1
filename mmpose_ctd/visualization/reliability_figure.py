"""Expected against observed errors."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ._figure import COLOURS, MARKERS, clear_axes, new_figure, save_figure


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
    _draw_bins(left, summary['bins'])
    _draw_coverage(right, summary['coverage'])
    for axes in (left, right):
        clear_axes(axes, '0.88')
    figure.suptitle(
        f'{summary["faces"]} {faces}, {summary["subjects"]} subjects; bars: '
        '95 % intervals over subjects',
        fontsize=11,
    )
    save_figure(figure, out_file, 160)
    return figure


def _draw_bins(axes, bins) -> None:
    expected = np.array([b['expected_px'] for b in bins])
    observed = np.array([b['observed_px'] for b in bins])
    bars = np.array([[b['low'], b['high']] for b in bins]).T
    last = 1.1 * np.nanmax([*expected, *observed, *bars[1]])
    axes.plot([0, last], [0, last], color='0.5', linewidth=1)
    axes.errorbar(
        expected,
        observed,
        np.abs(bars - observed),
        fmt=MARKERS[0],
        color=COLOURS[0],
        capsize=3,
    )
    axes.set(xlim=(0, last), ylim=(0, last), aspect='equal')
    unit = 'pixels of the network input'
    axes.set_xlabel(f'Expected error (RMS, {unit})')
    axes.set_ylabel(f'Observed error (RMS, {unit})')
    axes.set_title('Landmarks, from sure to unsure', fontsize=10)


def _draw_coverage(axes, coverage) -> None:
    axes.plot([-1, 2], [-1, 2], color='0.5', linewidth=1)
    lowest = [0.43]
    styles = zip(coverage.items(), COLOURS, MARKERS, (-0.012, 0.012))
    for (name, shares), colour, marker, shift in styles:
        if not shares:
            continue
        observed = np.array([s['observed'] for s in shares])
        bars = np.array([[s['low'], s['high']] for s in shares]).T
        lowest += [v for v in (*observed, *bars[0]) if v == v]
        axes.errorbar(
            [s['expected'] + shift for s in shares],
            observed,
            np.abs(bars - observed),
            fmt=marker,
            color=colour,
            capsize=3,
            label=name,
        )
    # Every bar is shown whole, with its cap.
    low = min(lowest) - 0.03
    axes.set(xlim=(low, 1.03), ylim=(low, 1.03), aspect='equal')
    axes.set_xticks([0.5, 0.8, 0.95])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel('Truths that the interval should contain')
    axes.set_ylabel('Truths that it contains')
    axes.set_title('Intervals', fontsize=10)
    if any(coverage.values()):
        axes.legend(loc='upper left', frameon=False, fontsize=9)
