"""Faces that are shown, and their pictures."""

import numpy as np
import pytest

from mmpose_ctd.visualization import FaceView, select_faces

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
    view = FaceView(None, truth, np.array([True, True]))
    picture = view.with_heatmap(heatmap, centre, scale, udp)
    blank = view.with_heatmap(0 * heatmap, centre, scale, udp)
    weight = np.abs(picture.astype(float) - blank).sum(axis=2)
    rows, columns = np.indices(weight.shape)
    found = [(weight * at).sum() / weight.sum() for at in (columns, rows)]
    expected = (point - view.origin + 0.5) * view.factor - 0.5
    np.testing.assert_allclose(found, expected, atol=0.6)


def test_without_a_photograph_the_page_is_grey():
    truth = np.array([[20.0, 12.0], [60.0, 52.0]])
    view = FaceView(None, truth, np.array([True, True]))
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


@pytest.mark.parametrize(
    'num, expected',
    [(2, [1, 2]), (3, [1, 3, 2]), (9, [1, 0, 3, 5, 2])],
)
def test_selected_faces_span_best_to_worst(num, expected):
    assert select_faces([2.0, 1.0, 9.0, 3.0, np.nan, 4.0], num) == expected


def test_figures_need_no_data_sets(repo_root):
    for file in (repo_root / 'mmpose_ctd' / 'visualization').glob('*.py'):
        assert 'datasets' not in file.read_text(), file.name
