"""The lines of a Bland-Altman figure are at the agreement's numbers."""

import numpy as np
import pytest

from mmpose_ctd.evaluation.functional import agreement
from mmpose_ctd.visualization import plot_bland_altman

RNG = np.random.default_rng(0)
MANUAL = RNG.normal(30, 3, 20)
PREDICTED = MANUAL + RNG.normal(0.3, 1, 20)


def panel(manual=MANUAL, predicted=PREDICTED, name='fissure', **kwargs):
    found = {name: agreement(manual, predicted)}
    pairs = {name: (manual, predicted)}
    figure = plot_bland_altman(pairs, {name: 'mm'}, found, **kwargs)
    return figure.axes[0]


def levels(axes):
    """Heights of all horizontal lines."""
    lines = [line.get_ydata() for line in axes.get_lines()]
    return sorted(y[0] for y in lines if len(y) == 2 and y[0] == y[1])


def test_lines_are_zero_bias_and_limits_and_points_are_pairs():
    axes = panel()
    found = agreement(MANUAL, PREDICTED)
    expected = [0, found.bias.value, found.loa_low.value, found.loa_high.value]
    np.testing.assert_allclose(levels(axes), sorted(expected))
    points = next(x for x in axes.get_lines() if x.get_marker() == 'o')
    np.testing.assert_allclose(points.get_xdata(), (MANUAL + PREDICTED) / 2)
    np.testing.assert_allclose(points.get_ydata(), PREDICTED - MANUAL)
    low, high = axes.get_ylim()
    assert low == -high and high > found.loa_high.high
    # The bands are the intervals.
    bands = [(p.get_y(), p.get_y() + p.get_height()) for p in axes.patches]
    expected = [e[1:] for e in (found.bias, found.loa_low, found.loa_high)]
    np.testing.assert_allclose(sorted(bands), sorted(expected))
    assert axes.get_ylabel() == 'predicted - manual (mm)'
    text = axes.texts[0].get_text()
    assert f'bias {np.mean(PREDICTED - MANUAL):+.2f}' in text


def dotted(axes):
    return [x for x in axes.get_lines() if x.get_linestyle() == ':']


def test_a_dependence_on_size_is_drawn_where_there_is_one():
    assert not dotted(panel())
    shrunk = 30 + 0.4 * (MANUAL - 30) + 0.1 * RNG.normal(size=20)
    axes = panel(predicted=shrunk)
    assert len(dotted(axes)) == 1
    x, y = dotted(axes)[0].get_data()
    line = np.polyfit((MANUAL + shrunk) / 2, shrunk - MANUAL, 1)
    np.testing.assert_allclose(y, np.polyval(line, x), atol=1e-9)
    assert 'slope -' in axes.texts[0].get_text()


@pytest.mark.parametrize(
    'pair',
    [
        ([np.nan], [3.0]),
        ([3.0], [4.0]),
        ([3.0, 4.0, 5.0], [3.0, 4.0, 5.0]),
    ],
)
def test_few_or_equal_pairs_are_drawn_without_what_is_not_known(
    pair, tmp_path
):
    file = tmp_path / 'new' / 'figure.png'
    axes = panel(*map(np.array, pair), out_file=file)
    assert np.isfinite(axes.get_ylim()).all() and file.is_file()


def test_names_are_no_formulas(tmp_path):
    name = '$\\frac$ [bold] größe'
    axes = panel(name=name, title='$x', out_file=tmp_path / 'f.png')
    assert axes.get_title(loc='left') == name
