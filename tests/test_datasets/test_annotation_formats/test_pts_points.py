"""iBUG's and WebMorph's files: one for each photograph."""

import numpy as np
import pytest

from mmpose_ctd.datasets.annotation_formats import FORMATS, Source

PTS = 'version: 1\nn_points: 2\n{\n10.5 20.25\n30 40\n}\n'
TEM = '2\n10.5\t20.25\n30\t40\n0\n'


def read(tmp_path, kind, text, name='siteA/001'):
    path = tmp_path / f'file.{kind}'
    path.write_text(text, newline='')
    return FORMATS[kind].read([Source(str(path), f'{name}.{kind}')])


@pytest.mark.parametrize(
    'kind, text',
    [
        ('pts', PTS),
        ('pts', PTS.replace('\n', '\r\n')),
        ('pts', PTS.replace('\n', '\n\n').replace(': ', ':')),
        ('pts', PTS.rstrip()),
        ('tem', TEM),
    ],
)
def test_points_and_the_photographs_name_are_read(tmp_path, kind, text):
    (record,) = read(tmp_path, kind, text).records
    assert record.problem is None
    assert record.image == 'siteA/001'
    assert record.points.tolist() == [[10.5, 20.25], [30, 40]]
    assert record.names is None


def test_a_missing_point_may_be_nan(tmp_path):
    text = PTS.replace('30 40', 'NaN NaN')
    (record,) = read(tmp_path, 'pts', text).records
    assert record.visible.tolist() == [2, 0]
    assert np.isnan(record.points[1]).all()


@pytest.mark.parametrize(
    'kind, text, words',
    [
        ('pts', '', 'empty'),
        ('pts', PTS[:-10], 'not a whole pts file'),
        ('pts', PTS.replace('n_points: 2', 'n_points: 3'), 'are 2 rows'),
        ('pts', PTS.replace('30 40', '30'), "'30'"),
        ('pts', PTS.replace('30 40', '30 4O'), "'30 4O'"),
        ('pts', PTS.replace('30 40', 'NaN 40'), 'point 2'),
        ('pts', PTS.replace('n_points: 2', f'n_points: {10**12}'), 'whole'),
        ('tem', TEM.replace('2', '999999999', 1), 'of 999999999'),
        ('tem', TEM.replace('10.5', '1_0'), '1_0'),
        ('tem', TEM[:8], 'the end after'),
        ('tem', '', 'the end after'),
    ],
)
def test_a_bad_file_is_a_record_with_a_problem(tmp_path, kind, text, words):
    (record,) = read(tmp_path, kind, text).records
    assert words in record.problem
    assert str(tmp_path) not in record.problem
