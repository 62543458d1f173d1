"""Calibrations on the disc."""

import json

import numpy as np
import pytest
from measuring_toys import SpotModel, spot_calibration

from mmpose_ctd.apis.measuring.calibration import (
    read_calibration,
    write_calibration,
)
from mmpose_ctd.errors import InputError, MissingFileError


@pytest.fixture
def written(tmp_path):
    path = tmp_path / 'calibration.json'
    write_calibration(spot_calibration(), str(path))
    return path


def test_what_is_written_is_read(written):
    one, two = spot_calibration(), read_calibration(str(written))
    x = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(
        two.appearance.distances(x), one.appearance.distances(x), rtol=1e-4
    )
    np.testing.assert_allclose(two.shape.mean, one.shape.mean, atol=1e-6)
    np.testing.assert_allclose(two.framing.template, one.framing.template)
    assert two.framing[1:] == one.framing[1:]
    assert two.errors.radii == one.errors.radii
    assert two.limits == one.limits and two.names == one.names
    name = one.measures[0]
    assert two.measure_factor(name) == one.measure_factor(name) == 1
    assert two.measure_factor('another') == 1
    two.check_model(SpotModel(), 'x')
    assert [p.name for p in written.parent.iterdir()] == [written.name]


def test_another_model_is_refused(written):
    class Other(SpotModel):
        fingerprint = 'e' * 32

    with pytest.raises(InputError, match='belongs to another checkpoint'):
        read_calibration(str(written)).check_model(Other(), str(written))


@pytest.mark.parametrize(
    ('change', 'told'),
    [
        (lambda c: '', 'no JSON'),
        (lambda c: json.dumps(c)[:-40], 'no JSON'),
        (lambda c: '[]', 'no calibration'),
        (lambda c: json.dumps(c | dict(format='x')), 'no calibration'),
        (lambda c: json.dumps(c | dict(version=99)), 'version 99'),
        (lambda c: json.dumps(c | dict(framing={})), 'damaged'),
        (lambda c: json.dumps(c | dict(familiarity=3)), 'damaged'),
    ],
)
def test_what_is_no_calibration_is_told(written, change, told):
    content = json.loads(written.read_text())
    written.write_text(change(content))
    with pytest.raises(InputError, match=told):
        read_calibration(str(written))


@pytest.mark.parametrize('text', ['AAAA', '!!!', 'AADAfwAAwH8AAMB/'])
def test_damaged_numbers_are_told(written, text):
    content = json.loads(written.read_text())
    content['familiarity']['appearance']['mean']['float32'] = text
    written.write_text(json.dumps(content))
    with pytest.raises(InputError, match='damaged'):
        read_calibration(str(written))


def test_a_missing_file_says_how_to_get_one(tmp_path):
    with pytest.raises(MissingFileError, match='tools/calibrate.py'):
        read_calibration(str(tmp_path / 'none.json'))
