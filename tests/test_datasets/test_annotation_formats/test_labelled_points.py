"""Formats that name their points: COCO, LabelMe, CVAT."""

import json

import numpy as np
import pytest

from mmpose_ctd.datasets.annotation_formats import FORMATS, Source
from mmpose_ctd.errors import InputError

COCO = {
    'images': [
        {
            'id': 1,
            'file_name': 'a.jpg',
            'width': 60,
            'height': 80,
            'subject': 7,
            'mother': 'Jane',
        }
    ],
    'annotations': [
        {
            'id': 5,
            'image_id': 1,
            'category_id': 1,
            'keypoints': [1.5, 2, 2, 0, 0, 0],
        }
    ],
    'categories': [{'id': 1, 'name': 'face', 'keypoints': ['n', 'm']}],
}
LABELME = {
    'shapes': [
        {'label': 'n', 'shape_type': 'point', 'points': [[1.5, 2]]},
        {'label': 'nose', 'shape_type': 'polygon', 'points': [[1, 1], [2, 2]]},
        {'label': ' m ', 'shape_type': 'point', 'points': [[3, 4]]},
    ],
    'imagePath': '..\\photos\\a.jpg',
    'imageWidth': 60,
    'imageHeight': 80,
    'imageData': None,
}
CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version>
<image id="0" name="siteA/a.jpg" width="60" height="80">
 <points label="n" occluded="1" points="1.50,2.00"/>
 <skeleton label="face">
  <points label="m" outside="0" occluded="0" points="3.00,4.00"/>
  <points label="k" outside="1" occluded="0" points="9.00,9.00"/>
 </skeleton>
 <points label="brow" points="5,6;7,8"/>
 <box label="face" xtl="1" ytl="1" xbr="9" ybr="9"/>
</image>
<image id="1" name="b.jpg" width="60" height="80"/>
</annotations>
"""


def read(tmp_path, kind, content, name=None):
    suffix = FORMATS[kind].suffixes[0]
    path = tmp_path / f'x{suffix}'
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding='utf-8')
    return FORMATS[kind].read([Source(str(path), name or path.name)])


def test_coco_is_read(tmp_path):
    (record,) = read(tmp_path, 'coco', COCO).records
    assert record.problem is None
    assert record.names == ('n', 'm')
    assert record.size == (60, 80)
    assert record.visible.tolist() == [2, 0]
    assert np.isnan(record.points[1]).all()
    # Nothing of an image record but what is known goes along.
    assert record.fields == {'subject': 7}


@pytest.mark.parametrize(
    'change, words',
    [
        (lambda c: c['annotations'][0].update(image_id=3), 'not among'),
        (lambda c: c['annotations'][0].update(keypoints=[1]), '3 x 2'),
        (lambda c: c['images'][0].pop('width'), 'width=None'),
    ],
)
def test_a_bad_coco_annotation_is_a_record_with_a_problem(
    tmp_path, change, words
):
    content = json.loads(json.dumps(COCO))
    change(content)
    (record,) = read(tmp_path, 'coco', content).records
    assert words in record.problem
    assert str(tmp_path) not in record.problem


def test_labelme_is_read_by_label(tmp_path):
    reading = read(tmp_path, 'labelme', LABELME, 'siteA/a.json')
    (record,) = reading.records
    assert record.names == ('n', 'm')
    assert record.points.tolist() == [[1.5, 2], [3, 4]]
    # imagePath is relative to the file.
    assert record.image == 'photos/a.jpg'
    assert record.size == (60, 80)
    assert "1 shapes of the kind 'polygon'" in reading.notes[0]


@pytest.mark.parametrize(
    'path, name',
    [
        ('a.jpg', 'siteA/a.jpg'),
        ('clip2/a.jpg', 'siteA/clip2/a.jpg'),
        ('../siteB/a.jpg', 'siteB/a.jpg'),
        ('../../../photos/a.jpg', 'photos/a.jpg'),
        ('C:\\photos\\a.jpg', 'C:/photos/a.jpg'),
    ],
)
def test_labelme_names_the_photograph_with_its_folder(tmp_path, path, name):
    content = {**LABELME, 'imagePath': path}
    (record,) = read(tmp_path, 'labelme', content, 'siteA/a.json').records
    assert record.image == name


POINT = LABELME['shapes'][0]


@pytest.mark.parametrize(
    'content, found',
    [
        (json.dumps(LABELME)[:-20], 'JSON'),
        ({'shapes': None}, 'shapes=None'),
        ({'shapes': [{'shape_type': 'point', 'label': 'n'}]}, 'points=None'),
        ('[]', '[]'),
        ('', 'JSON'),
        ({**LABELME, 'shapes': [POINT] * 2}, "'n' and 'n'"),
        ({**LABELME, 'shapes': [POINT, {**POINT, 'label': 'N '}]}, "'N'"),
        ({**LABELME, 'shapes': [{**POINT, 'points': [[1, 2]] * 2}]}, 'points'),
        ({**LABELME, 'shapes': [{**POINT, 'points': [['1', 2]]}]}, "'1'"),
        ({**LABELME, 'shapes': [{**POINT, 'points': [[True, 2]]}]}, 'True'),
        ({**LABELME, 'shapes': [{**POINT, 'label': None}]}, 'label=None'),
        ({**LABELME, 'imageWidth': '60'}, "'60'"),
        ({**LABELME, 'imagePath': 7}, 'imagePath=7'),
        ({**LABELME, 'imagePath': ''}, 'photograph'),
        ({**LABELME, 'shapes': [LABELME['shapes'][1]]}, '1 polygon'),
    ],
)
def test_a_bad_labelme_file_is_a_record_with_a_problem(
    tmp_path, content, found
):
    (record,) = read(tmp_path, 'labelme', content).records
    assert found in record.problem


def test_cvat_points_and_skeletons_are_read(tmp_path):
    reading = read(tmp_path, 'cvat', CVAT)
    (record,) = reading.records
    assert record.image == 'siteA/a.jpg'
    assert record.size == (60, 80)
    found = dict(zip(record.names, record.visible.tolist()))
    assert found == {'n': 1, 'brow_1': 2, 'brow_2': 2, 'm': 2, 'k': 0}
    places = dict(zip(record.names, record.points.tolist()))
    assert places['m'] == [3, 4]
    assert places['brow_2'] == [7, 8]
    assert '1 of its 2 photographs have no points' in reading.notes[0]


@pytest.mark.parametrize(
    'old, new, words',
    [
        ('label="m"', 'label="n"', "'n' and 'n'"),
        ('1.50,2.00', '1.50', "points='1.50'"),
        ('1.50,2.00', 'x,2.00', 'points='),
        ('label="n"', '', "label ''"),
        ('</image>', '<skeleton label="b"/></image>', 'more than one'),
        ('width="60"', 'width="6o"', '6o'),
    ],
)
def test_a_bad_cvat_image_is_a_record_with_a_problem(
    tmp_path, old, new, words
):
    (record,) = read(tmp_path, 'cvat', CVAT.replace(old, new, 1)).records
    assert words in record.problem


BOMB = '<!DOCTYPE a [<!ENTITY x "y">]><annotations>&x;</annotations>'


@pytest.mark.parametrize(
    'content, words',
    [
        (CVAT[:200], 'cut off'),
        ('', 'cut off'),
        ('<annotations/>', 'no <image>'),
        ('<annotations><track/></annotations>', 'of a film'),
        (BOMB, 'XML entities'),
    ],
)
def test_what_is_no_cvat_file_is_refused(tmp_path, content, words):
    with pytest.raises(InputError, match=words):
        read(tmp_path, 'cvat', content)


def cvat_of(*counts):
    images = []
    for i, count in enumerate(counts):
        pairs = ';'.join(f'{10 * j},{20 + j}' for j in range(1, count + 1))
        images.append(
            f'<image id="{i}" name="{i}.jpg" width="600" height="800">'
            f'<points label="face" points="{pairs}"/></image>'
        )
    return '<annotations>' + ''.join(images) + '</annotations>'


@pytest.mark.parametrize(
    'counts, refused',
    [
        ((5, 4), [1]),
        ((4, 5), [0]),
        ((5, 5, 6), [2]),
        ((5, 1, 5), [1]),
        ((5, 5), []),
    ],
)
def test_a_shape_has_as_many_points_in_all_photographs(
    tmp_path, counts, refused
):
    records = read(tmp_path, 'cvat', cvat_of(*counts)).records
    assert [i for i, r in enumerate(records) if r.problem] == refused


def read_labels(tmp_path, *records):
    sources = []
    for i, labels in enumerate(records):
        shapes = [{**POINT, 'label': label} for label in labels]
        path = tmp_path / f'{i}.json'
        path.write_text(json.dumps({**LABELME, 'shapes': shapes}))
        sources.append(Source(str(path), path.name))
    records = FORMATS['labelme'].read(sources).records
    return [record.problem is None for record in records]


def test_labels_that_are_numbers_are_counted(tmp_path):
    found = read_labels(tmp_path, '12345', '12345', '1234')
    assert found == [True, True, False]


def test_a_label_in_another_case_is_not_another_landmark(tmp_path):
    found = read_labels(tmp_path, ['exo_R'], ['exo_R'], ['Exo_r'], ['m'])
    assert found == [True, True, False, True]


@pytest.mark.parametrize(
    'path, value',
    [
        (('images', 0, 'file_name'), ['a.jpg']),
        (('images', 0, 'file_name'), 'a\0.jpg'),
        (('images', 0, 'width'), 10**400),
        (('images', 0, 'subject'), {'name': 'x'}),
        (('images', 0, 'age'), '4'),
        (('annotations', 0, 'image_id'), [1]),
        (('annotations', 0, 'image_id'), True),
        (('annotations', 0, 'category_id'), 2),
        (('annotations', 0, 'keypoints'), [10**400, 1, 2, 0, 0, 0]),
        (('annotations', 0, 'keypoints'), [True, 1, 2, 0, 0, 0]),
        (('annotations', 0, 'keypoints'), [1, 1, 1.5, 0, 0, 0]),
    ],
)
def test_coco_of_wrong_types_is_a_record_with_a_problem(tmp_path, path, value):
    content = json.loads(json.dumps(COCO))
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    (record,) = read(tmp_path, 'coco', content).records
    assert record.problem


@pytest.mark.parametrize('names', [['n', 'n'], ['n', 'N ']])
def test_coco_names_are_different(tmp_path, names):
    content = json.loads(json.dumps(COCO))
    content['categories'][0]['keypoints'] = names
    with pytest.raises(InputError) as error:
        read(tmp_path, 'coco', content)
    assert repr(names[0]) in error.value.found


def test_cvat_without_points_names_its_shapes(tmp_path):
    text = (
        '<annotations><image id="0" name="a.jpg">'
        '<polyline label="face" points="1,2;3,4"/></image></annotations>'
    )
    with pytest.raises(InputError) as error:
        read(tmp_path, 'cvat', text)
    assert 'polyline' in error.value.found
