"""Which points are the landmarks."""

from dataclasses import replace

import numpy as np
import pytest

from mmpose_ctd.datasets.annotation_formats import PointRecord, Refused
from mmpose_ctd.datasets.preparation.landmark_choice import read_landmarks
from mmpose_ctd.errors import InputError, MissingFileError


def record(count=4, names=None, numbers=None):
    points = np.arange(2.0 * count).reshape(-1, 2)
    made = PointRecord('f, no. 1', 'a.jpg', points, names=names)
    return replace(made, numbers=numbers)


def write(tmp_path, text, encoding='utf-8'):
    path = tmp_path / 'names.txt'
    path.write_bytes(text.encode(encoding))
    return str(path)


def refused(*args, **kwargs) -> InputError:
    with pytest.raises(InputError) as error:
        read_landmarks(*args, **kwargs)
    return error.value


def test_names_in_order_of_clicking(tmp_path):
    path = write(tmp_path, '# eyes\r\na\r\n\r\nb  # right\r\nc\r\nd\r\n')
    choice = read_landmarks(path, [record()])
    assert choice.names == ('a', 'b', 'c', 'd')
    points, visible = choice.choose(record())
    assert np.array_equal(points, record().points)
    assert visible.tolist() == [2, 2, 2, 2]


@pytest.mark.parametrize('start', [0, 1])
def test_points_by_number(tmp_path, start):
    path = write(tmp_path, f'a = {2 + start}\nb={0 + start}\n', 'utf-8-sig')
    choice = read_landmarks(path, [record()], count_from=start)
    points, _ = choice.choose(record())
    assert np.array_equal(points, record().points[[2, 0]])


def test_nothing_is_guessed(tmp_path):
    error = refused(write(tmp_path, 'a=2\n'), [record()])
    assert '--count-from' in error.cure
    assert '--landmarks' in refused(None, [record()]).cure
    refused(None, [record(0, ()), record(0, ())])
    with pytest.raises(MissingFileError):
        read_landmarks('gone.txt', [record()])


def test_names_of_the_files_are_taken_in_their_order():
    records = [record(2, ('a', 'b')), record(3, ('a', 'c', 'ruler'))]
    choice = read_landmarks(None, records, without=('ruler',))
    assert choice.names == ('a', 'b', 'c')
    points, visible = choice.choose(records[1])
    assert visible.tolist() == [2, 0, 2]
    assert np.isnan(points[1]).all()
    assert points[2].tolist() == [2, 3]


def test_labels_are_chosen_and_renamed(tmp_path):
    records = [record(3, ('a', 'b', 'c'))]
    choice = read_landmarks(write(tmp_path, 'exo_R=b\na\n'), records)
    assert choice.names == ('exo_R', 'a')
    points, _ = choice.choose(records[0])
    assert points.tolist() == [[2, 3], [0, 1]]
    error = refused(write(tmp_path, 'exo_r\n'), records)
    assert "'exo_r'" in error.found and 'a, b, c' in error.expected


@pytest.mark.parametrize('text', ['a\nb\nc\n', 'a=1\nb=0\n'])
def test_a_record_of_another_number_is_refused(tmp_path, text):
    records = [record(3), record(3), record(5)]
    choice = read_landmarks(write(tmp_path, text), records, count_from=0)
    choice.choose(records[0])
    with pytest.raises(Refused) as error:
        choice.choose(records[2])
    assert error.value.found == 'has 5 points'
    assert error.value.expected.startswith('3')


@pytest.mark.parametrize(
    ('text', 'words', 'numbers'),
    [
        ('# nothing\n', 'names no landmark', None),
        ('a\na\n', "'a' is there twice", None),
        ('a=\n', 'line 1', None),
        ('a=9\n', '0, 1, 2, 3', None),
        ('a=2\nb=2\n', 'twice, as a and as b', None),
        ('a=2\nb\n', 'b=', None),
        ('a=two\n', 'a=two', None),
        # Columns with numbers of their own.
        ('a=4\n', '0, 2, 3, 9', (0, 2, 3, 9)),
        ('a=2\nb=02\n', 'twice', (0, 2, 3, 9)),
        ('a=2\n', 'from 1', (1, 2, 3, 9)),
    ],
)
def test_a_bad_file_of_landmarks_is_refused(tmp_path, text, words, numbers):
    records = [record(numbers=numbers)]
    error = refused(write(tmp_path, text), records, count_from=0)
    assert words in str(error)


@pytest.mark.parametrize('count_from', [None, 1])
def test_a_number_is_that_of_the_column(tmp_path, count_from):
    path = write(tmp_path, 'a=3\nb=9\n')
    records = [record(numbers=(2, 3, 5, 9))]
    choice = read_landmarks(path, records, count_from)
    points, _ = choice.choose(records[0])
    assert points.tolist() == [[2, 3], [6, 7]]


@pytest.mark.parametrize('text', ['a\nb\nc\n', 'a=1\nb=2\nc=4\n'])
def test_columns_of_other_numbers_are_other_points(tmp_path, text):
    usual, other = (1, 2, 4), (1, 2, 3)
    records = [record(3, numbers=n) for n in (usual, usual, other)]
    choice = read_landmarks(write(tmp_path, text), records)
    choice.choose(records[0])
    with pytest.raises(Refused):
        choice.choose(records[2])
