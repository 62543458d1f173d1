"""What is missing in every format; files of one photograph each."""

import numpy as np
import pytest
from point_files import read_points

PTS = 'version: 1\nn_points: 2\n{\n10.5 20.25\n30 40\n}\n'
TEM = '2\n10.5\t20.25\n30\t40\n0\n'


def coco(x, y):
    image = dict(id=1, file_name='a.jpg', width=90, height=90)
    points = dict(id=1, image_id=1, keypoints=[7, 8, 2, x, y, 2])
    names = dict(id=1, keypoints=['n', 'm'])
    return dict(images=[image], annotations=[points], categories=[names])


def labelme(x, y):
    shapes = [
        dict(label=label, shape_type='point', points=[point])
        for label, point in (('n', [7, 8]), ('m', [x, y]))
    ]
    return dict(shapes=shapes, imagePath='a.jpg')


WRITERS = {
    'tps': lambda x, y: f'LM=2\n7 8\n{x} {y}\nIMAGE=a.jpg\n',
    'pts': lambda x, y: f'version: 1\nn_points: 2\n{{\n7 8\n{x} {y}\n}}\n',
    'tem': lambda x, y: f'2\n7 8\n{x} {y}\n0\n',
    'csv': lambda x, y: f'image,n_x,n_y,m_x,m_y\na.jpg,7,8,{x},{y}\n',
    'coco': coco,
    'labelme': labelme,
    'cvat': lambda x, y: (
        '<annotations><image name="a.jpg"><points label="n" points="7,8"/>'
        f'<points label="m" points="{x},{y}"/></image></annotations>'
    ),
}
WITH_WORDS = ('tps', 'pts', 'csv', 'cvat')


def read(tmp_path, kind, x, y):
    (record,) = read_points(tmp_path, kind, WRITERS[kind](x, y)).records
    return record


@pytest.mark.parametrize('kind', WRITERS)
def test_what_is_missing_is_one_rule(tmp_path, kind):
    codes = [(-1, -1)]
    halves = [(-1, 8), (8, -1)]
    points = [(0, 0)]
    if kind != 'coco':
        # COCO's coordinates must lie near the photograph.
        codes.append((-999, -999))
        points += [(-3, -4), (-0.5, -0.5)]
    if kind in WITH_WORDS:
        codes += [(word,) * 2 for word in ('NaN', '#N/A', '#NV', 'n.a.')]
        halves += [('NaN', '8'), ('8', 'NA')]
    for x, y in codes:
        record = read(tmp_path, kind, x, y)
        assert record.problem is None
        assert record.visible.tolist() == [2, 0]
        assert record.points[0].tolist() == [7, 8]
        assert np.isnan(record.points[1]).all()
    for x, y in halves:
        assert read(tmp_path, kind, x, y).problem
    for x, y in points:
        assert read(tmp_path, kind, x, y).points[1].tolist() == [x, y]


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
def test_a_file_belongs_to_the_photograph_of_its_name(tmp_path, kind, text):
    reading = read_points(tmp_path, kind, text, f'siteA/001.{kind}')
    (record,) = reading.records
    assert record.problem is None
    assert record.image == 'siteA/001'
    assert record.points.tolist() == [[10.5, 20.25], [30, 40]]
    assert record.names is None


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
    (record,) = read_points(tmp_path, kind, text).records
    assert words in record.problem
    assert str(tmp_path) not in record.problem
