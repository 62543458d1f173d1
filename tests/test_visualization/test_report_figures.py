"""Figures that reports are made of."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import EllipseCollection

from mmpose_ctd.visualization import (
    FaceView,
    plot_landmark_errors,
    plot_training,
)

SIDE = 320


@pytest.mark.parametrize('udp', [True, False])
@pytest.mark.parametrize('scale', [(64.0, 64.0), (96.0, 48.0)])
def test_heatmap_lies_where_its_cell_is_decoded_to(udp, scale):
    """As MMPose turns a cell into a point of the image.

    UDP: cell / (size - 1) * input; others: cell * input / size; then
    / input * scale + centre - scale / 2.
    """
    truth = np.array([[20.0, 12.0], [60.0, 52.0]])
    centre, scale = np.array([40.0, 30.0]), np.array(scale)
    heatmap = np.zeros((17, 13), np.float32)
    cell = np.array([6, 9])
    heatmap[cell[1], cell[0]] = 1
    cells = np.array([13, 17]) - udp
    point = cell / cells * scale + centre - scale / 2
    view = FaceView.of(None, truth, np.array([True, True]))
    picture = view.with_heatmap(heatmap, centre, scale, udp)
    blank = view.with_heatmap(0 * heatmap, centre, scale, udp)
    weight = np.abs(picture.astype(float) - blank).sum(axis=2)
    rows, columns = np.indices(weight.shape)
    found = [(weight * at).sum() / weight.sum() for at in (columns, rows)]
    expected = (point - view.origin + 0.5) * view.factor - 0.5
    np.testing.assert_allclose(found, expected, atol=0.6)


def test_without_a_photograph_the_page_is_grey():
    truth = np.array([[20.0, 12.0], [60.0, 52.0]])
    view = FaceView.of(None, truth, np.array([True, True]))
    assert view.picture.shape == (SIDE, SIDE, 3)
    assert np.unique(view.picture).size == 1
    drawn = (view.with_truth() != view.picture).any(axis=2)
    x, y = np.round((truth - view.origin + 0.5) * view.factor).astype(int).T
    assert drawn.any() and not drawn[0].any()
    for row, column in zip(y, x):
        assert drawn[row - 6 : row + 7, column - 6 : column + 7].any()
    # A prediction is drawn on top.
    moved = view.with_prediction(truth + 3)
    assert (moved != view.with_truth()).any()


@pytest.mark.parametrize(('size', 'factor'), [(0.2, 20), (3.0, 2), (40, 1)])
def test_circles_are_the_errors_times_a_round_number(size, factor):
    points = np.array([[10.0, 10.0], [90.0, 30.0], [np.nan, np.nan]])
    errors = np.array([size, size / 2, np.nan])
    figure = plot_landmark_errors(points, {'A': errors, 'B': errors / 2})
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in panels] == ['A', 'B']
    for axes, share in zip(panels, (1, 0.5)):
        (circles,) = [
            c for c in axes.collections if isinstance(c, EllipseCollection)
        ]
        np.testing.assert_allclose(
            circles.get_widths(), 2 * factor * share * errors[:2]
        )
        np.testing.assert_allclose(circles.get_offsets(), points[:2])
        assert (f'{factor} x error' in axes.get_xlabel()) == (factor > 1)
        # As an image: y grows downwards.
        assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_curves_are_drawn_as_logged():
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
    with pytest.raises(ValueError, match='no curve'):
        plot_training('loss', {})


def test_figures_need_no_data_sets(repo_root):
    for file in (repo_root / 'mmpose_ctd' / 'visualization').glob('*.py'):
        assert 'datasets' not in file.read_text(), file.name
