"""The curves of the CED figure hold the numbers of the errors."""

import sys

import cv2
import matplotlib
import numpy as np
import pytest

from mmpose_ctd.evaluation.functional import (
    area_under_ced,
    cumulative_error_distribution,
)
from mmpose_ctd.visualization import plot_ced

ERRORS = {
    'ft': np.array([1.0, 2.0, 4.0, 9.0, np.nan]),
    'ctd_ed': np.array([0.5, 0.5, 3.0, 5.0]),
}


def test_curves_are_the_exact_step_functions():
    lines = plot_ced(ERRORS, threshold=5).axes[0].get_lines()
    assert len(lines) == 2
    for line, errors in zip(lines, ERRORS.values()):
        assert line.get_drawstyle() == 'steps-post'
        x, y = line.get_data()
        assert (x[0], x[-1]) == (0, 5)
        np.testing.assert_allclose(y, cumulative_error_distribution(errors, x))
        area = (np.diff(x) * y[:-1]).sum() / 5
        assert area == pytest.approx(area_under_ced(errors, 5))


def test_legend_gives_each_system_its_numbers():
    legend = plot_ced(ERRORS, threshold=5).axes[0].get_legend()
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts[0].split() == ['ft', 'ME', '4.00', 'AUC', '0.400']
    assert texts[1].split()[0] == 'ctd_ed'
    # One font width a letter: the numbers stand in columns.
    assert texts[0].index('ME') == texts[1].index('ME')


def test_axes_name_quantity_and_unit():
    axes = plot_ced(ERRORS, threshold=5, unit='mm').axes[0]
    assert axes.get_xlabel() == 'Mean landmark error of an image (mm)'
    assert axes.get_ylabel().startswith('Images')
    assert axes.get_xlim() == (0, 5)
    axes = plot_ced(ERRORS, threshold=5, per='landmark').axes[0]
    assert axes.get_xlabel() == 'Error (input px)'
    assert axes.get_ylabel().startswith('Landmarks')


def test_writes_a_picture_with_all_curves(tmp_path):
    file = tmp_path / 'new' / 'ced.png'
    plot_ced(ERRORS, threshold=5, out_file=file)
    picture = cv2.imread(str(file))
    assert picture.shape[:2] == (800, 1120)
    for bgr in ((178, 114, 0), (0, 94, 213)):
        assert (picture == bgr).all(axis=-1).sum() > 100


def test_leaves_matplotlib_as_it_was(monkeypatch):
    before = dict(matplotlib.rcParams)
    loaded = set(sys.modules)
    plot_ced(ERRORS, threshold=5)
    assert dict(matplotlib.rcParams) == before
    assert 'matplotlib.pyplot' in loaded or (
        'matplotlib.pyplot' not in sys.modules
    )
    if 'matplotlib.pyplot' in sys.modules:
        assert sys.modules['matplotlib.pyplot'].get_fignums() == []


def test_all_errors_beyond_the_threshold_are_a_flat_line():
    line = plot_ced({'bad': [8.0, 9.0]}, threshold=5).axes[0].get_lines()[0]
    assert line.get_ydata().max() == 0


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match='no curve'):
        plot_ced({}, threshold=5)
    with pytest.raises(ValueError, match='all 1 errors are NaN'):
        plot_ced({'a': [np.nan]}, threshold=5)
    with pytest.raises(ValueError, match='threshold'):
        plot_ced(ERRORS, threshold=0)
