"""Figures of errors hold the numbers of the errors."""

import sys

import cv2
import matplotlib
import numpy as np
import pytest

from mmpose_ctd.apis.measuring.error_model import reliability
from mmpose_ctd.evaluation.functional import (
    area_under_ced,
    cumulative_error_distribution,
)
from mmpose_ctd.visualization import (
    plot_ced,
    plot_reliability,
)

ERRORS = {
    'ft': np.array([1.0, 2.0, 4.0, 9.0, np.nan]),
    'ctd_ed': np.array([0.5, 0.5, 3.0, 5.0]),
}


def test_curves_are_the_exact_step_functions():
    axes = plot_ced(ERRORS, threshold=5, unit='mm').axes[0]
    assert len(axes.get_lines()) == 2
    for line, errors in zip(axes.get_lines(), ERRORS.values()):
        assert line.get_drawstyle() == 'steps-post'
        x, y = line.get_data()
        assert (x[0], x[-1]) == (0, 5)
        np.testing.assert_allclose(y, cumulative_error_distribution(errors, x))
        area = (np.diff(x) * y[:-1]).sum() / 5
        assert area == pytest.approx(area_under_ced(errors, 5))
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts[0].split() == ['ft', 'ME', '4.00', 'AUC', '0.400']
    assert texts[1].split()[0] == 'ctd_ed'
    # One font width a letter: the numbers stand in columns.
    assert texts[0].index('ME') == texts[1].index('ME')
    assert axes.get_xlabel() == 'Mean landmark error of an image (mm)'
    assert axes.get_ylabel().startswith('Images')
    single = plot_ced(ERRORS, threshold=5, per='landmark').axes[0]
    assert single.get_xlabel() == 'Error (input px)'
    assert single.get_ylabel().startswith('Landmarks')
    line = plot_ced({'bad': [8.0, 9.0]}, threshold=5).axes[0].get_lines()[0]
    assert line.get_ydata().max() == 0


def test_writes_a_picture_and_leaves_matplotlib_as_it_was(tmp_path):
    before, loaded = dict(matplotlib.rcParams), set(sys.modules)
    file = tmp_path / 'new' / 'ced.png'
    plot_ced(ERRORS, threshold=5, out_file=file)
    picture = cv2.imread(str(file))
    assert picture.shape[:2] == (800, 1120)
    for bgr in ((178, 114, 0), (0, 94, 213)):
        assert (picture == bgr).all(axis=-1).sum() > 100
    assert dict(matplotlib.rcParams) == before
    pyplot = sys.modules.get('matplotlib.pyplot')
    if pyplot is None or 'matplotlib.pyplot' not in loaded:
        assert pyplot is None
    else:
        assert pyplot.get_fignums() == []


def test_reliability_of_honest_errors_lies_on_the_line(tmp_path):
    random, n = np.random.default_rng(0), 400
    sds = random.uniform(0.5, 2, (n, 4))
    errors = np.hypot(*(random.normal(size=(2, n, 4)) * sds))
    radii = np.sqrt(-2 * np.log(1 - np.array([0.5, 0.8, 0.95])))
    ratios = np.abs(random.normal(size=(n, 2)))
    reaches = [0.6745, 1.2816, 1.96]
    wide = (np.tile(one, (n, 1)) for one in (radii, reaches))
    summary = reliability(
        errors, sds, next(wide), ratios, next(wide), np.arange(n)
    )
    for part in summary['bins']:
        expected = pytest.approx(part['expected_px'], rel=0.12)
        assert part['observed_px'] == expected
        assert part['low'] < part['observed_px'] < part['high']
    for shares in summary['coverage'].values():
        for share in shares:
            expected = pytest.approx(share['expected'], abs=0.04)
            assert share['observed'] == expected
    path = tmp_path / 'new' / 'figure.png'
    plot_reliability(summary, 'faces', path)
    picture = cv2.imread(str(path))
    assert picture.shape[1] > 1000 and picture.std() > 5
    # No bar is cut off.
    summary['coverage']['landmarks'][0].update(low=0.2)
    summary['coverage']['measures'][2].update(observed=1.0, high=1.0)
    low, high = plot_reliability(summary).axes[1].get_ylim()
    assert low < 0.2 and high > 1.0
    plot_reliability(summary | dict(coverage=dict(landmarks=[], measures=[])))
