"""tpsDig's files."""

import numpy as np
import pytest

from mmpose_ctd.datasets.annotation_formats import FORMATS, ReadOptions, Source
from mmpose_ctd.errors import InputError

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


def read(tmp_path, text, encoding='utf-8'):
    path = tmp_path / 'faces.tps'
    path.write_bytes(text.encode(encoding))
    return FORMATS['tps'].read([Source(str(path), 'faces.tps')])


@pytest.mark.parametrize(
    'change',
    [
        lambda t: t,
        lambda t: t.replace('\n', '\r\n'),
        lambda t: t.replace('\n', '\n\n'),
        lambda t: t.lower(),
        lambda t: '\ufeff' + t,
        lambda t: t.replace('10.00000 20.00000', '10,00000\t20,00000'),
        lambda t: t.replace('LM=3', 'LM = 3').replace('IMAGE=', 'IMAGE = '),
    ],
)
def test_each_specimen_is_a_record(tmp_path, change):
    first, second = read(tmp_path, change(TWO)).records
    assert first.problem is None and second.problem is None
    assert (first.image, second.image) == ('a.jpg', 'b.jpg')
    assert first.points.tolist() == [[10, 20], [30.5, 40.25], [5, 6]]
    assert (first.scale, second.scale) == (0.05, None)
    assert first.names is None
    assert np.isnan(second.points[1:]).all()
    assert second.visible.tolist() == [2, 0, 0]


def test_names_in_the_encoding_of_windows_are_read(tmp_path):
    text = 'LM=1\n1 2\nIMAGE=Müller.jpg\n'
    (record,) = read(tmp_path, text, 'cp1252').records
    assert record.image == 'Müller.jpg'


def test_curves_and_outlines_are_passed_over_with_a_word(tmp_path):
    text = (
        'LM=1\n1 2\nCURVES=2\nPOINTS=2\n3 4\n5 6\nPOINTS=1\n7 8\n'
        'OUTLINES=1\nPOINTS=1\n9 9\nIMAGE=a.jpg\nLM=1\n3 4\nIMAGE=b.jpg\n'
    )
    reading = read(tmp_path, text)
    assert [r.points.tolist() for r in reading.records] == [
        [[1, 2]],
        [[3, 4]],
    ]
    assert any('3 curves or outlines' in note for note in reading.notes)


@pytest.mark.parametrize(
    'specimen, words',
    [
        ('LM=2\n1 2\nIMAGE=a.jpg\n', 'LM=2, but there are 1 rows'),
        ('LM=1\n1 2\n3 4\nIMAGE=a.jpg\n', "line 3, '3 4'"),
        ('LM=1\n1 2\nIMAGE=a.jpg\n3 4\n', "line 4, '3 4'"),
        ('LM=1\n1 2\nIMAGE=a.jpg\nat home\n', "line 4, 'at home'"),
        ('LM=1\n1 2\nIMAGE=a.jpg\nCOMMENT=x\n3 4\n', "line 5, '3 4'"),
        ('LM=1\n1 2 3\nIMAGE=a.jpg\n', "'1 2 3'"),
        ('LM=1\n1 two\nIMAGE=a.jpg\n', "'1 two'"),
        ('LM=1\n1 inf\nIMAGE=a.jpg\n', "'1 inf'"),
        ('LM=1\n1 NA\nIMAGE=a.jpg\n', 'only one of x, y'),
        ('LM=1\n1,034 2\nIMAGE=a.jpg\n', "'1,034'"),
        ('LM=1\n1 2\nIMAGE=a.jpg\nSCALE=1,034\n', "'1,034'"),
        ('LM=99999999999\n1 2\nIMAGE=a.jpg\n', 'LM=99999999999'),
        ('LM=x\n1 2\nIMAGE=a.jpg\n', 'LM=x; expected the number'),
        ('LM3=1\n1 2 3\nIMAGE=a.jpg\n', 'points in space'),
        ('LM=1\n1 2\n', 'IMAGE='),
        ('LM=1\n1 2\nIMAGE=a.jpg\nSCALE=0\n', 'SCALE=0; expected'),
        ('LM=1\n1 2\nIMAGE=a.jpg\nSCALE=nan\n', 'SCALE=nan; expected'),
    ],
)
def test_a_bad_specimen_is_told_and_the_others_are_read(
    tmp_path, specimen, words
):
    bad, good = read(tmp_path, specimen + 'LM=1\n1 2\nIMAGE=b.jpg\n').records
    assert words in bad.problem
    assert 'no. 1' in bad.source
    assert good.problem is None


@pytest.mark.parametrize('text', ['', '  \n', 'Hello', '\0\1\2', '1 2\n3 4'])
def test_what_is_no_tps_file_is_refused(tmp_path, text):
    with pytest.raises(InputError, match='faces.tps'):
        read(tmp_path, text)


@pytest.mark.parametrize('identity', ['0', '12', '1.5'])
def test_a_number_in_id_names_no_photograph_unless_stated(tmp_path, identity):
    text = f'LM=1\n1 2\nID={identity}\n'
    (record,) = read(tmp_path, text).records
    assert record.problem and not record.image
    source = Source(str(tmp_path / 'faces.tps'), 'faces.tps')
    stated = ReadOptions(photograph_from='id')
    (record,) = FORMATS['tps'].read([source], stated).records
    assert record.problem is None and record.image == identity


def test_a_name_in_id_is_a_guess_with_a_note(tmp_path):
    reading = read(tmp_path, 'LM=1\n1 2\nID=c001\nLM=1\n3 4\nID=c002\n')
    assert [r.image for r in reading.records] == ['c001', 'c002']
    assert any('--photograph-from id' in note for note in reading.notes)


@pytest.mark.parametrize('name', ['"a b.jpg"', "'a b.jpg'", '" a b.jpg "'])
def test_quotes_are_no_part_of_a_name(tmp_path, name):
    path = tmp_path / 'a.tps'
    path.write_text(f'LM=1\n1 2\nIMAGE={name}\n')
    (record,) = FORMATS['tps'].read([Source(str(path), path.name)]).records
    assert record.image == 'a b.jpg'
