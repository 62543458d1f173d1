"""Calibrations on the disc."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from measuring_toys import SpotModel, spot_calibration
from refusals import refused

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
    two = read_calibration(str(written))
    assert_same(two, spot_calibration())
    two.refuse_other_model(SpotModel(), 'x')
    two.model.fingerprint = 'e' * 32
    with pytest.raises(InputError):
        two.refuse_other_model(SpotModel(), 'x')
    two.model.fingerprint = SpotModel.fingerprint
    with pytest.raises(MissingFileError):
        read_calibration(str(written.parent / 'none.json'))
    assert [p.name for p in written.parent.iterdir()] == [written.name]


def assert_same(two, one):
    """Two calibrations that say the same of a face."""
    x = np.random.default_rng(0).normal(size=(5, 3))
    ours, theirs = one.familiarity, two.familiarity
    np.testing.assert_allclose(
        theirs.appearance.distances(x),
        ours.appearance.distances(x),
        rtol=1e-4,
    )
    np.testing.assert_allclose(theirs.mean_shape, ours.mean_shape, atol=1e-6)
    np.testing.assert_allclose(two.framing.template, one.framing.template)
    assert two.framing.crop_size == one.framing.crop_size
    assert two.framing.face_box == one.framing.face_box
    assert two.landmark_errors == one.landmark_errors
    assert two.model == one.model and theirs.limits == ours.limits
    (name,) = one.measure_errors.of
    assert two.measure_factor(name) == one.measure_factor(name) == 1
    assert two.measure_factor('another') == 1


@pytest.mark.parametrize(
    'change',
    [
        lambda c: json.dumps(c)[:-40],
        lambda c: '[]',
        lambda c: json.dumps(c | dict(format='x')),
        lambda c: json.dumps(c | dict(version=99)),
        lambda c: '[' * 100_000,
        lambda c: json.dumps(c).replace('0.3', '9' * 5000),
    ],
)
def test_what_is_no_calibration_is_refused(written, change):
    written.write_text(change(json.loads(written.read_text())))
    with refused(str(written)):
        read_calibration(str(written))


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('framing', {}),
        ('framing.template', [[0.5]]),
        ('model.landmarks', 'abc'),
        ('landmark_errors.spread', 'guess'),
        ('familiarity.limits.shape', float('nan')),
        ('familiarity.appearance.mean.float32', '!!!'),
        ('familiarity.appearance.directions.shape', [7, 3]),
    ],
)
def test_a_damaged_value_is_refused_with_its_key(written, key, value):
    content = json.loads(written.read_text())
    *path, last = key.split('.')
    place = content
    for name in path:
        place = place[name]
    place[last] = value
    written.write_text(json.dumps(content))
    with refused(found='changed after it was written'):
        read_calibration(str(written))
    # Files of the first version have no digest.
    del content['sha256']
    written.write_text(json.dumps(content))
    with pytest.raises(InputError) as error:
        read_calibration(str(written))
    where, _, named = error.value.where.rpartition(': ')
    # The key itself, the one above it, or one within.
    assert where == str(written)
    assert key.startswith(named) or named.startswith(key)


def test_a_file_of_the_first_version_is_read(written):
    content = json.loads(written.read_text())
    del content['sha256']
    written.write_text(json.dumps(content))
    assert_same(read_calibration(str(written)), spot_calibration())


def places(value, path=()):
    """All keys of nested dicts and lists."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        if isinstance(inner, (dict, list)):
            yield from places(inner, (*path, key))
        else:
            yield (*path, key)


VALUES = st.one_of(
    st.sampled_from(['null', 'true', '{}', '[]', '"x"', 'NaN', '-Infinity']),
    st.sampled_from(['1e400', '-0.0', '7', '9' * 5000, '[' * 2000, 'drop']),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
_MARK = '"<here>"'


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_mutated_file_is_refused_or_says_the_same(written, data):
    """Whatever is put in the place of one value, or it is left out."""
    text = written.read_text()
    content = json.loads(text)
    path = data.draw(st.sampled_from([p for p in places(content) if p]))
    value = data.draw(VALUES)
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = json.loads(_MARK)
    if value == 'drop':
        del place[path[-1]]
    written.write_text(json.dumps(content).replace(_MARK, value))
    try:
        found = read_calibration(str(written))
    except InputError as error:
        assert len(str(error).splitlines()) == 1
        assert error.where.startswith(str(written))
    else:
        assert_same(found, spot_calibration())
    finally:
        written.write_text(text)
