"""The cumulative error distribution of one or several systems."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ..evaluation.functional import (
    area_under_ced,
    checked_threshold,
    cumulative_error_distribution,
    mean_error,
)
from ._figure import (
    clear_axes,
    line_styles,
    new_figure,
    require_any,
    save_figure,
)

_DPI = 200


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
    require_any(errors_by_system, 'errors_by_system', 'curve')
    threshold = checked_threshold(threshold)
    # The legend is above the axes: more systems need a higher figure.
    figure = new_figure(5.6, 3.6 + 0.2 * len(errors_by_system))
    axes = figure.add_subplot()
    styles = line_styles(len(errors_by_system))
    width = max(len(name) for name in errors_by_system)
    for (name, errors), style in zip(errors_by_system.items(), styles):
        auc = area_under_ced(errors, threshold)
        axes.plot(
            *_steps(errors, threshold),
            drawstyle='steps-post',
            **style,
            # A share of the diagonal: few marks for any number of images.
            markevery=0.12,
            label=f'{name:<{width}}  ME {mean_error(errors):.2f}  '
            f'AUC {auc:.3f}',
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
    axes.legend(
        loc='lower left',
        bbox_to_anchor=(0.0, 1.01),
        borderaxespad=0.0,
        frameon=False,
        handlelength=2.4,
        prop={'family': 'monospace', 'size': 9.5},
    )
    save_figure(figure, out_file, _DPI)
    return figure


def _steps(errors: np.ndarray, threshold: float):
    """Corners of the CED on [0, threshold], a step for each error."""
    errors = np.asarray(errors, dtype=np.float64)
    inside = np.unique(errors[errors < threshold])
    x = np.concatenate([[0.0], inside, [threshold]])
    return x, cumulative_error_distribution(errors, x)
