"""Learning curves and variants: what the figures show."""

import numpy as np
import pandas as pd

from mmpose_ctd.visualization import (
    LearningCurve,
    plot_curve_panels,
    plot_learning_curves,
    plot_training,
)
from mmpose_ctd.visualization._figure import line_styles

NAN = float('nan')


def curves(number=14):
    return {
        f'system {i}': LearningCurve(
            [10, 20, 40, 142], [4 - 0.1 * i, 3, 2.5, 2 - 0.01 * i], [0.1] * 4
        )
        for i in range(number)
    }


def test_fourteen_lines_are_told_apart_in_colour_and_in_grey():
    styles = line_styles(14)
    looks = {(s['color'], s['marker'], str(s['linestyle'])) for s in styles}
    grey = {(s['marker'], str(s['linestyle'])) for s in styles}
    assert len(looks) == len(grey) == 14


def test_lines_hold_the_numbers_and_ticks_are_the_budgets():
    axes = plot_learning_curves(curves(3)).axes[0]
    lines = [line for line in axes.get_lines() if line.get_label()[0] != '_']
    assert len(lines) == 3
    for line, curve in zip(lines, curves(3).values()):
        np.testing.assert_array_equal(line.get_xdata(), curve.budgets)
        np.testing.assert_array_equal(line.get_ydata(), curve.errors)
    assert axes.get_xscale() == 'log'
    texts = [label.get_text() for label in axes.get_xticklabels()]
    assert texts == ['10', '20', '40', '142']
    assert len(axes.collections) == 3
    assert not plot_learning_curves(curves(3), band=False).axes[0].collections


def test_every_system_is_named_once_and_no_name_covers_another():
    figure = plot_learning_curves(curves())
    figure.canvas.draw()
    texts = figure.axes[0].texts
    assert sorted(t.get_text() for t in texts) == sorted(
        f'{name}  {c.errors[-1]:.2f}' for name, c in curves().items()
    )
    boxes = sorted((t.get_window_extent() for t in texts), key=lambda b: b.y0)
    for below, above in zip(boxes, boxes[1:]):
        assert below.y1 <= above.y0 + 1
    page = figure.get_window_extent()
    assert all(page.x1 >= box.x1 and box.y0 >= 0 for box in boxes)


def test_each_panel_has_its_system_and_the_baseline():
    figure = plot_curve_panels(curves(6), 'system 0')
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [a.get_title(loc='left') for a in panels] == [
        f'system {i}' for i in range(1, 6)
    ]
    assert all(len(axes.get_lines()) == 2 for axes in panels)
    assert all(len(axes.collections) == 2 for axes in panels)


def test_unknown_spreads_have_no_band_and_errors_of_zero_no_logarithm():
    curve = LearningCurve([10, 20], [2.0, 1.0], [NAN, NAN])
    axes = plot_learning_curves({'a': curve}).axes[0]
    (band,) = axes.collections
    assert not any(len(path.vertices) for path in band.get_paths())
    assert axes.get_yscale() == 'log'
    curve = LearningCurve([10, 20], [1.0, 0.0], [0.1, NAN])
    assert plot_learning_curves({'a': curve}).axes[0].get_yscale() == 'linear'


def test_trainings_are_drawn_as_logged():
    loss = pd.Series([5.0, 3.0], index=[1, 2])
    axes = plot_training('loss', {'loss': loss}, log_scale=True).axes[0]
    assert axes.lines[0].get_xdata().tolist() == [1, 2]
    assert axes.lines[0].get_ydata().tolist() == [5.0, 3.0]
    assert axes.get_yscale() == 'log' and not axes.get_legend()
    # 0 has no logarithm.
    curves = {'loss': loss, 'loss_ed': loss - 3}
    axes = plot_training('loss', curves, log_scale=True).axes[0]
    assert [line.get_label() for line in axes.lines] == [*curves]
    assert axes.get_yscale() == 'linear' and axes.get_legend()
