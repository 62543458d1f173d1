"""Errors carry what is wrong as fields."""

import pickle

import pytest

from mmpose_ctd.errors import InputError, MissingFileError

PARTS = dict(
    where='landmarks.json: image id=7',
    found="width='256'",
    expected='a number of pixels',
    cure='Export the file again.',
)
TEXT = (
    "landmarks.json: image id=7: width='256'; expected a number of pixels. "
    'Export the file again.'
)


@pytest.mark.parametrize('kind', [InputError, MissingFileError])
def test_the_message_and_the_fields_survive_another_process(kind):
    for error in (kind(**PARTS), pickle.loads(pickle.dumps(kind(**PARTS)))):
        assert {k: getattr(error, k) for k in PARTS} == PARTS
        assert str(error) == TEXT
    assert str(kind(found='is empty', where='a.csv')) == 'a.csv: is empty'
    assert str(kind('--size 0: too small.')) == '--size 0: too small.'
    assert issubclass(MissingFileError, FileNotFoundError)
