"""One rule of what is missing, in every format."""

import json

import numpy as np
import pytest

from mmpose_ctd.datasets.annotation_formats import FORMATS, Source


def coco(x, y):
    image = dict(id=1, file_name='a.jpg', width=90, height=90)
    points = dict(id=1, image_id=1, keypoints=[7, 8, 2, x, y, 2])
    names = dict(id=1, keypoints=['n', 'm'])
    return json.dumps(
        dict(images=[image], annotations=[points], categories=[names])
    )


def labelme(x, y):
    shapes = [
        dict(label=label, shape_type='point', points=[point])
        for label, point in (('n', [7, 8]), ('m', [x, y]))
    ]
    return json.dumps(dict(shapes=shapes, imagePath='a.jpg'))


def cvat(x, y):
    return (
        '<annotations><image name="a.jpg"><points label="n" points="7,8"/>'
        f'<points label="m" points="{x},{y}"/></image></annotations>'
    )


WRITERS = {
    'tps': lambda x, y: f'LM=2\n7 8\n{x} {y}\nIMAGE=a.jpg\n',
    'pts': lambda x, y: f'version: 1\nn_points: 2\n{{\n7 8\n{x} {y}\n}}\n',
    'tem': lambda x, y: f'2\n7 8\n{x} {y}\n0\n',
    'csv': lambda x, y: f'image,n_x,n_y,m_x,m_y\na.jpg,7,8,{x},{y}\n',
    'coco': coco,
    'labelme': labelme,
    'cvat': cvat,
}
# COCO's coordinates must lie near the photograph.
FREE = [kind for kind in WRITERS if kind != 'coco']


def read(tmp_path, kind, x, y):
    path = tmp_path / f'a{FORMATS[kind].suffixes[0]}'
    path.write_text(WRITERS[kind](x, y))
    (record,) = FORMATS[kind].read([Source(str(path), path.name)]).records
    return record


@pytest.mark.parametrize('kind', WRITERS)
def test_minus_one_is_missing(tmp_path, kind):
    record = read(tmp_path, kind, -1, -1)
    assert record.problem is None
    assert record.visible.tolist() == [2, 0]
    assert record.points[0].tolist() == [7, 8]
    assert np.isnan(record.points[1]).all()


@pytest.mark.parametrize('kind', FREE)
def test_other_codes_are_missing(tmp_path, kind):
    assert read(tmp_path, kind, -999, -999).visible.tolist() == [2, 0]


@pytest.mark.parametrize('kind', FREE)
@pytest.mark.parametrize('x, y', [(-3, -4), (-0.5, -0.5)])
def test_other_negative_points_are_points(tmp_path, kind, x, y):
    assert read(tmp_path, kind, x, y).points[1].tolist() == [x, y]


@pytest.mark.parametrize('kind', WRITERS)
@pytest.mark.parametrize('x, y', [(-1, 8), (8, -1)])
def test_half_a_code_refuses_the_record(tmp_path, kind, x, y):
    assert read(tmp_path, kind, x, y).problem


@pytest.mark.parametrize('kind', ['tps', 'pts', 'csv', 'cvat'])
def test_words_are_missing_and_half_a_word_refuses(tmp_path, kind):
    for word in ('NaN', '#N/A', '#NV', 'n.a.'):
        assert read(tmp_path, kind, word, word).visible.tolist() == [2, 0]
    assert read(tmp_path, kind, 'NaN', '8').problem
    assert read(tmp_path, kind, '8', 'NA').problem


@pytest.mark.parametrize('kind', WRITERS)
def test_zero_is_left_to_the_user(tmp_path, kind):
    assert read(tmp_path, kind, 0, 0).points[1].tolist() == [0, 0]
