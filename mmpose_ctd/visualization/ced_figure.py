"""The cumulative error distribution of one or several systems."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ..evaluation.functional import (
    area_under_ced,
    cumulative_error_distribution,
    mean_error,
)
from ..evaluation.functional.checks import checked_threshold
from .line_styles import line_styles


def plot_ced(
    errors_by_system: Mapping[str, np.ndarray],
    threshold: float,
    unit: str = 'input px',
    out_file: str | Path | None = None,
    per: str = 'image',
    title: str | None = None,
    dpi: int = 200,
) -> Figure:
    """Plot the share of errors not above t, for t from 0 to the threshold.

    The curves are the exact step functions; their area, divided by the
    threshold, is the AUC that the legend gives.

    Args:
        errors_by_system (Mapping[str, np.ndarray]): System's name -> errors,
            shape (N,), NaN where there was nothing to measure.
        threshold (float): End of the axis and tau of the AUC, in ``unit``.
        unit (str): Unit of the errors, for the axis. Defaults to
            ``'input px'``.
        out_file (str or Path, optional): Where to write the figure; the
            ending gives the format (png, pdf, svg). Folders are made.
        per (str): ``'image'`` or ``'landmark'``: what one error belongs to.
            Defaults to ``'image'``.
        title (str, optional): Heading. Defaults to none.
        dpi (int): Resolution of a raster image. Defaults to 200.

    Returns:
        matplotlib.figure.Figure: The figure, bound to no window.
    """
    if not errors_by_system:
        raise ValueError('errors_by_system is empty: there is no curve.')
    threshold = checked_threshold(threshold)
    # Figure and canvas made by hand: pyplot would keep every figure, choose
    # a window system, and share its settings with the caller's own plots.
    # The legend lies above the axes: more systems need a higher figure.
    height = 3.6 + 0.2 * len(errors_by_system)
    figure = Figure(figsize=(5.6, height), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    styles = line_styles(len(errors_by_system))
    width = max(len(name) for name in errors_by_system)
    for (name, errors), style in zip(errors_by_system.items(), styles):
        auc = area_under_ced(errors, threshold)
        axes.plot(
            *_steps(errors, threshold),
            drawstyle='steps-post',
            **style,
            # A share of the diagonal: few, however many images there are.
            markevery=0.12,
            label=f'{name:<{width}}  ME {mean_error(errors):.2f}  '
            f'AUC {auc:.3f}',
        )
    if all(
        np.nanmin(errors) > threshold for errors in errors_by_system.values()
    ):
        axes.text(
            0.5,
            0.5,
            f'all errors are above {threshold:g} {unit}',
            transform=axes.transAxes,
            ha='center',
            fontsize=12,
        )
    axes.set_xlim(0, threshold)
    axes.set_ylim(0, 1.005)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    of = 'Mean landmark error of an image' if per == 'image' else 'Error'
    axes.set_xlabel(f'{of} ({unit})', fontsize=11)
    axes.set_ylabel(
        f'{per.capitalize()}s with at most this error', fontsize=11
    )
    axes.tick_params(labelsize=10)
    axes.grid(True, color='0.88', linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
    # Above the axes, where no curve can pass below it. Equal widths put the
    # numbers of all systems under each other.
    axes.legend(
        loc='lower left',
        bbox_to_anchor=(0.0, 1.01),
        borderaxespad=0.0,
        frameon=False,
        handlelength=2.4,
        prop={'family': 'monospace', 'size': 9.5},
    )
    if title:
        figure.suptitle(title, fontsize=12)
    if out_file is not None:
        out_file = Path(out_file)
        out_file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out_file, dpi=dpi)
    return figure


def _steps(errors: np.ndarray, threshold: float):
    """Corners of the CED on [0, threshold], each error one step."""
    errors = np.asarray(errors, dtype=np.float64)
    inside = np.unique(errors[errors < threshold])
    x = np.concatenate([[0.0], inside, [threshold]])
    return x, cumulative_error_distribution(errors, x)
