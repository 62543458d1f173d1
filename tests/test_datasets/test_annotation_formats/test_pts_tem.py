"""iBUG's and WebMorph's files: one for each photograph."""

import pytest
from point_files import read_points
from refusals import refused

from mmpose_ctd.datasets.annotation_formats.pts_tem import read_tem

PTS = 'version: 1\nn_points: 2\n{\n10.5 20.25\n30 40\n}\n'
TEM = '2\n10.5\t20.25\n30\t40\n0\n'


@pytest.mark.parametrize(
    'kind, text',
    [
        ('pts', PTS),
        ('pts', PTS.replace('\n', '\r\n')),
        ('pts', PTS.replace('\n', '\n\n').replace(': ', ':')),
        ('tem', '\ufeff' + TEM.replace('\n', '\r\n\r\n')),
        ('tem', TEM[:-2] + '2\n0\n1\n0\n1\n2\n0 1\n'),
        # WebMorph's surplus row: the index of the last line.
        ('tem', TEM[:-2] + '1\n0\n2\n0 1\n0\n'),
    ],
)
def test_a_file_belongs_to_the_photograph_of_its_name(tmp_path, kind, text):
    reading = read_points(tmp_path, kind, text, f'siteA/001.{kind}')
    (record,) = reading.records
    assert record.problem is None
    assert record.image == 'siteA/001'
    assert record.points.tolist() == [[10.5, 20.25], [30, 40]]
    assert record.names is None


@pytest.mark.parametrize(
    'text, words',
    [
        ('', 'empty'),
        (PTS[:-10], 'not a whole pts file'),
        (PTS.replace('n_points: 2', 'n_points: 3'), 'are 2 rows'),
        (PTS.replace('30 40', 'NaN 40'), 'point 2'),
        (PTS.replace('n_points: 2', f'n_points: {10**12}'), 'whole'),
    ],
)
def test_a_bad_pts_file_is_a_record_with_a_problem(tmp_path, text, words):
    (record,) = read_points(tmp_path, 'pts', text).records
    assert words in record.problem
    assert str(tmp_path) not in record.problem


@pytest.mark.parametrize(
    'text, found, expected',
    [
        ('9' * 5000, '', 'the number of points'),
        ('1\n1\n0\n', "'1' in row 2", 'point 1 of 1 as "x y"'),
        ('1\nnan 2\n0\n', "'nan 2' in row 2", ''),
        ('1\n1 2\n1\n2\n1\n0\n', "'2' in row 4", '0 or 1'),
        ('1\n1 2\n1\n0\n1\n1\n', "'1' in row 6", '1 indices'),
        ('1\n1 2\n0\n7\n', "'7' in row 4", 'the end of the file'),
    ],
)
def test_a_malformed_template_says_what_is_wrong(
    tmp_path, text, found, expected
):
    (tmp_path / 'x.tem').write_text(text)
    with refused('x.tem', found=found, expected=expected):
        read_tem(tmp_path / 'x.tem')


def test_every_truncation_of_a_template_is_refused(tmp_path):
    rows = (TEM[:-2] + '2\n0\n1\n0\n1\n2\n0 1').split('\n')
    path = tmp_path / 'x.tem'
    for kept in range(1, len(rows)):
        path.write_text('\n'.join(rows[:kept]))
        with refused('x.tem', found=f'the end after {kept} rows'):
            read_tem(path)
