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


@pytest.mark.parametrize('kind', [InputError, MissingFileError])
class TestInputError:
    def test_the_message_is_made_of_the_parts(self, kind):
        assert str(kind(**PARTS)) == (
            "landmarks.json: image id=7: width='256'; expected a number of "
            'pixels. Export the file again.'
        )

    def test_parts_may_be_left_out(self, kind):
        assert str(kind(found='is empty', where='a.csv')) == 'a.csv: is empty'
        assert str(kind(expected='a name')) == 'expected a name'

    def test_a_whole_message_stays_as_it_is(self, kind):
        error = kind('--size 0: too small.')
        assert str(error) == '--size 0: too small.'
        assert (error.where, error.cure) == ('', '')

    def test_the_fields_survive_another_process(self, kind):
        error = pickle.loads(pickle.dumps(kind(**PARTS)))
        assert {k: getattr(error, k) for k in PARTS} == PARTS
        assert str(error) == str(kind(**PARTS))


def test_a_missing_file_is_an_os_error():
    assert isinstance(MissingFileError('gone'), FileNotFoundError)
