"""Formats that name their points: COCO, LabelMe, CVAT."""

import copy
import json

import numpy as np
import pytest
from point_files import read_points
from refusals import refused

from mmpose_ctd.datasets.annotation_formats import FORMATS, Source

IMAGE = dict(id=1, file_name='a.jpg', width=60, height=80)
CLICKED = dict(id=5, image_id=1, keypoints=[1.5, 2, 2, 0, 0, 0])
COCO = {
    'images': [IMAGE | {'subject': 7, 'mother': 'Jane'}],
    'annotations': [CLICKED | {'category_id': 1}],
    'categories': [{'id': 1, 'name': 'face', 'keypoints': ['n', 'm']}],
}
POINT = {'label': 'n', 'shape_type': 'point', 'points': [[1.5, 2]]}
POLYGON = {'label': 'x', 'shape_type': 'polygon', 'points': [[1, 1], [2, 2]]}
LABELME = {
    'shapes': [POINT, POLYGON, POINT | {'label': ' m ', 'points': [[3, 4]]}],
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


def changed(content, *path):
    """A copy with the value at a path of keys, the last of ``path``."""
    content = copy.deepcopy(content)
    *keys, last, value = path
    place = content
    for key in keys:
        place = place[key]
    place[last] = value
    return content


def test_coco_is_read(tmp_path):
    (record,) = read_points(tmp_path, 'coco', COCO).records
    assert record.problem is None
    assert record.names == ('n', 'm')
    assert record.size == (60, 80)
    assert record.visible.tolist() == [2, 0]
    assert np.isnan(record.points[1]).all()
    # Of an image record only known fields are taken.
    assert record.fields == {'subject': 7}
    with_age = changed(COCO, 'images', 0, 'age', float('nan'))
    (record,) = read_points(tmp_path, 'coco', with_age).records
    assert record.fields == {'subject': 7}


BAD_COCO = [
    (('annotations', 0, 'image_id', True), 'image_id=True'),
    (('annotations', 0, 'category_id', 2), 'category_id=2'),
    (('annotations', 0, 'keypoints', [10**400, 1, 2, 0, 0, 0]), 'n:'),
    (('images', 0, 'file_name', 'a\0.jpg'), 'file_name='),
    (('images', 0, 'subject', {'name': 'x'}), 'subject='),
    (('images', 0, 'age', 400), "age='400'"),
]
BAD_LABELME = [
    ({'shapes': [{'shape_type': 'point', 'label': 'n'}]}, 'points=None'),
    ('', 'JSON'),
    (LABELME | {'shapes': [POINT, POINT | {'label': 'N '}]}, "'N'"),
    (LABELME | {'shapes': [POINT | {'points': [[True, 2]]}]}, 'True'),
    (LABELME | {'shapes': [POINT | {'label': None}]}, 'label=None'),
    (LABELME | {'imageWidth': '60'}, "'60'"),
    (LABELME | {'imageWidth': 60.5}, '60.5x80'),
    (LABELME | {'imagePath': ''}, 'photograph'),
    (LABELME | {'shapes': [POLYGON]}, '1 polygon'),
]
BAD_CVAT = [
    (('label="m"', 'label="n"'), "'n' and 'n'"),
    (('1.50,2.00', '1.50'), "points='1.50'"),
    (('</image>', '<skeleton label="b"/></image>'), 'more than one'),
    (('occluded="1"', 'occluded="maybe"'), 'maybe'),
    (('width="60"', 'width="60px"'), '60px'),
]


@pytest.mark.parametrize(
    ('kind', 'content', 'found'),
    [
        *(('coco', changed(COCO, *path), found) for path, found in BAD_COCO),
        *(('labelme', *case) for case in BAD_LABELME),
        *(('cvat', CVAT.replace(*two, 1), found) for two, found in BAD_CVAT),
    ],
)
def test_what_is_bad_is_a_record_with_a_problem(
    tmp_path, kind, content, found
):
    (record,) = read_points(tmp_path, kind, content).records
    assert found in record.problem
    assert str(tmp_path) not in record.problem


def test_coco_names_are_different(tmp_path):
    content = changed(COCO, 'categories', 0, 'keypoints', ['n', 'N '])
    with refused(found="'n'"):
        read_points(tmp_path, 'coco', content)


def test_only_a_category_without_keypoints_is_ignored(tmp_path):
    content = copy.deepcopy(COCO)
    content['categories'].insert(0, dict(id=2, name='person'))
    (record,) = read_points(tmp_path, 'coco', content).records
    assert record.names == ('n', 'm') and record.problem is None
    content['categories'][0]['keypoints'] = ['t']
    with refused(found='found 2 categories'):
        read_points(tmp_path, 'coco', content)


@pytest.mark.parametrize(
    'path, name',
    [
        ('..\\photos\\a.jpg', 'photos/a.jpg'),
        ('a.jpg', 'siteA/a.jpg'),
        ('clip2/a.jpg', 'siteA/clip2/a.jpg'),
        ('../siteB/a.jpg', 'siteB/a.jpg'),
        ('../../../photos/a.jpg', 'photos/a.jpg'),
        ('C:\\photos\\a.jpg', 'C:/photos/a.jpg'),
    ],
)
def test_labelme_is_read_by_label(tmp_path, path, name):
    content = LABELME | {'imagePath': path}
    reading = read_points(tmp_path, 'labelme', content, 'siteA/a.json')
    (record,) = reading.records
    assert record.names == ('n', 'm')
    assert record.points.tolist() == [[1.5, 2], [3, 4]]
    # imagePath is relative to the file.
    assert record.image == name
    assert record.size == (60, 80)
    assert "1 shapes of the kind 'polygon'" in reading.notes[0]


@pytest.mark.parametrize(
    'records, expected',
    [
        # Labels that are numbers are counted.
        (['12345', '12345', '1234'], [True, True, False]),
        # A label in another case is not another landmark.
        ([['exo_R'], ['exo_R'], ['Exo_r'], ['m']], [True, True, False, True]),
    ],
)
def test_labels_are_compared_between_files(tmp_path, records, expected):
    sources = []
    for i, labels in enumerate(records):
        shapes = [POINT | {'label': label} for label in labels]
        path = tmp_path / f'{i}.json'
        path.write_text(json.dumps(LABELME | {'shapes': shapes}))
        sources.append(Source(str(path), path.name))
    found = FORMATS['labelme'].read(sources).records
    assert [record.problem is None for record in found] == expected


def test_cvat_points_and_skeletons_are_read(tmp_path):
    reading = read_points(tmp_path, 'cvat', CVAT)
    (record,) = reading.records
    assert record.image == 'siteA/a.jpg'
    assert record.size == (60, 80)
    found = dict(zip(record.names, record.visible.tolist()))
    assert found == {'n': 1, 'brow_1': 2, 'brow_2': 2, 'm': 2, 'k': 0}
    places = dict(zip(record.names, record.points.tolist()))
    assert places['m'] == [3, 4]
    assert places['brow_2'] == [7, 8]
    assert '1 of its 2 photographs have no points' in reading.notes[0]


BOMB = '<!DOCTYPE a [<!ENTITY x "y">]><annotations>&x;</annotations>'
LINE = (
    '<annotations><image id="0" name="a.jpg">'
    '<polyline label="face" points="1,2;3,4"/></image></annotations>'
)


@pytest.mark.parametrize(
    'content, found',
    [
        (CVAT[:200], 'cut off'),
        ('<annotations/>', 'no <image>'),
        ('<annotations><track/></annotations>', 'of a film'),
        (BOMB, 'XML entities'),
        (LINE, '1 polyline'),
    ],
)
def test_another_xml_file_is_refused(tmp_path, content, found):
    with refused('x.xml', found=found):
        read_points(tmp_path, 'cvat', content)


def test_a_shape_has_as_many_points_in_all_photographs(tmp_path):
    images = [
        f'<image id="{i}" name="{i}.jpg"><points label="face" '
        f'points="{";".join(["10,20"] * count)}"/></image>'
        for i, count in enumerate((5, 1, 5, 6))
    ]
    text = '<annotations>' + ''.join(images) + '</annotations>'
    records = read_points(tmp_path, 'cvat', text).records
    assert [i for i, r in enumerate(records) if r.problem] == [1, 3]
