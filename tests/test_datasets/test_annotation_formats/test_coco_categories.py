"""Categories of a COCO file that are not the landmarks'."""

import json

import pytest

from mmpose_ctd.datasets.annotation_formats import FORMATS, Source
from mmpose_ctd.errors import InputError


def read(tmp_path, other, annotated=False):
    points = dict(id=1, image_id=1, category_id=1, keypoints=[1, 2, 2])
    annotations = [points]
    if annotated:
        annotations.append(points | dict(id=2, category_id=other['id']))
    image = dict(id=1, file_name='a.jpg', width=9, height=9)
    face = dict(id=1, name='face', keypoints=['n'])
    path = tmp_path / 'a.json'
    path.write_text(
        json.dumps(
            dict(
                images=[image],
                annotations=annotations,
                categories=[other, face],
            )
        )
    )
    return FORMATS['coco'].read([Source(str(path), path.name)]).records


def test_an_unused_category_without_keypoints_is_passed_over(tmp_path):
    (record,) = read(tmp_path, dict(id=2, name='person'))
    assert record.names == ('n',) and record.problem is None


@pytest.mark.parametrize(
    'other, annotated',
    [
        (dict(id=2, name='ear', keypoints=['t']), False),
        (dict(id=2, name='person'), True),
    ],
)
def test_other_categories_are_refused(tmp_path, other, annotated):
    with pytest.raises(InputError):
        read(tmp_path, other, annotated)
