"""tpsDig's files, and the owner of each IMAGE=, ID= and SCALE=."""

import numpy as np
import pytest
from point_files import read_points
from refusals import refused

from mmpose_ctd.datasets.annotation_formats import ReadOptions

TWO = """LM=3
10.00000 20.00000
30.50000 40.25000
5 6
IMAGE=a.jpg
ID=0
SCALE=0.05
LM=3
1 2
-1 -1
NA NA
IMAGE=b.jpg
ID=1
"""


@pytest.mark.parametrize(
    'change',
    [
        lambda t: t,
        lambda t: t.lower(),
        lambda t: '\ufeff' + t,
        lambda t: t.replace('10.00000 20.00000', '10,00000\t20,00000'),
        lambda t: t.replace('LM=3', 'LM = 3').replace('IMAGE=', 'IMAGE = '),
        lambda t: t.replace('IMAGE=a.jpg', 'IMAGE="a.jpg"'),
    ],
)
def test_each_specimen_is_a_record(tmp_path, change):
    first, second = read_points(tmp_path, 'tps', change(TWO)).records
    assert first.problem is None and second.problem is None
    assert (first.image, second.image) == ('a.jpg', 'b.jpg')
    assert first.points.tolist() == [[10, 20], [30.5, 40.25], [5, 6]]
    assert (first.scale, second.scale) == (0.05, None)
    assert first.names is None
    assert np.isnan(second.points[1:]).all()
    assert second.visible.tolist() == [2, 0, 0]


def test_names_in_the_encoding_of_windows_are_read(tmp_path):
    text = 'LM=1\n1 2\nIMAGE=Müller.jpg\n'.encode('cp1252')
    (record,) = read_points(tmp_path, 'tps', text).records
    assert record.image == 'Müller.jpg'


def test_curves_and_outlines_are_ignored_with_a_note(tmp_path):
    reading = read_points(
        tmp_path,
        'tps',
        'LM=1\n1 2\nCURVES=2\nPOINTS=2\n3 4\n5 6\nPOINTS=1\n7 8\n'
        'OUTLINES=1\nPOINTS=1\n9 9\nIMAGE=a.jpg\nLM=1\n3 4\nIMAGE=b.jpg\n',
    )
    found = [r.points.tolist() for r in reading.records]
    assert found == [[[1, 2]], [[3, 4]]]
    assert '3 curves' in reading.notes[0]


@pytest.mark.parametrize(
    'specimen, words',
    [
        ('LM=2\n1 2\nIMAGE=a.jpg\n', 'LM=2, but there are 1 rows'),
        ('LM=1\n1 2\nIMAGE=a.jpg\n3 4\n', 'LM=1, but there are 2 rows'),
        ('LM=1\n1,034 2\nIMAGE=a.jpg\n', "'1,034'"),
        ('LM=1\n1 2\nIMAGE=a.jpg\nSCALE=1,034\n', "'1,034'"),
        ('LM=99999999999\n1 2\nIMAGE=a.jpg\n', 'LM=99999999999'),
        ('LM3=1\n1 2 3\nIMAGE=a.jpg\n', 'LM3='),
        ('LM=1\n1 2\nIMAGE=a.jpg\nSCALE=0\n', 'SCALE=0; expected'),
    ],
)
def test_a_bad_specimen_leaves_the_others(tmp_path, specimen, words):
    text = specimen + 'LM=1\n1 2\nIMAGE=b.jpg\n'
    bad, good = read_points(tmp_path, 'tps', text).records
    assert words in bad.problem
    assert 'no. 1' in bad.source
    assert good.problem is None


@pytest.mark.parametrize('text', ['', '  \n', 'Hello', '\0\1\2', '1 2\n3 4'])
def test_another_file_is_refused(tmp_path, text):
    with refused('x.tps'):
        read_points(tmp_path, 'tps', text)


@pytest.mark.parametrize('identity', ['0', '12', '1.5'])
def test_a_number_in_id_names_no_photograph_unless_stated(tmp_path, identity):
    text = f'LM=1\n1 2\nID={identity}\n'
    (record,) = read_points(tmp_path, 'tps', text).records
    assert record.problem and not record.image
    stated = ReadOptions(photograph_from='id')
    (record,) = read_points(tmp_path, 'tps', text, options=stated).records
    assert record.problem is None and record.image == identity


def test_a_name_in_id_is_a_guess_with_a_note(tmp_path):
    text = 'LM=1\n1 2\nID=c001\nLM=1\n3 4\nID=c002\n'
    reading = read_points(tmp_path, 'tps', text)
    assert [r.image for r in reading.records] == ['c001', 'c002']
    assert '--photograph-from id' in reading.notes[0]


@pytest.mark.parametrize(
    ('text', 'found'),
    [
        ('IMAGE=a LM=1 R IMAGE=b LM=1 R', 'line 1'),
        ('SCALE=2 LM=1 R IMAGE=a LM=1 R IMAGE=b', 'line 1'),
        ('R LM=1 R IMAGE=a', 'line 1'),
        # Files of both orders, joined.
        ('LM=1 R IMAGE=a IMAGE=b LM=1 R', 'line 4'),
        ('LM=1 R IMAGE=a SCALE=1 LM=1 R IMAGE=b SCALE=1 SCALE=2', 'line 9'),
        # One IMAGE= was lost before the first specimen, or after the last.
        ('LM=1 R IMAGE=b LM=1 R IMAGE=c LM=1 R', 'no. 3 has'),
        ('LM=1 R ID=0 IMAGE=b LM=1 R ID=1', 'no. 2 has'),
    ],
)
def test_lines_that_may_be_the_neighbours_are_refused(tmp_path, text, found):
    text = '\n'.join(text.split()).replace('R', '1 2')
    with refused('x.tps', found=found, cure='as tpsDig does'):
        read_points(tmp_path, 'tps', text)


@pytest.mark.parametrize(
    'text',
    [
        'LM=1 R IMAGE=a ID=0 SCALE=2 LM=1 R IMAGE=b ID=1',
        'LM=1 IMAGE=a ID=0 R SCALE=2 LM=1 R IMAGE=b ID=1',
        'LM=1 R IMAGE=a SCALE=2 COMMENT=a note LM=1 COMMENT=a note R IMAGE=b',
    ],
)
def test_each_specimen_has_its_own_lines(tmp_path, text):
    text = '\n'.join(text.split()).replace('R', '1 2')
    first, second = read_points(tmp_path, 'tps', text).records
    assert (first.problem, second.problem) == (None, None)
    assert (first.image, second.image) == ('a', 'b')
    assert (first.scale, second.scale) == (2, None)
    assert first.points.tolist() == second.points.tolist() == [[1, 2]]
