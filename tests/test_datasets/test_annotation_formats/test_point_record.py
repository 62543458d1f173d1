"""What is missing in every format."""

import numpy as np
import pytest
from point_files import read_points


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
