"""Predicted landmarks are read whole or not at all."""

import json

import numpy as np
import pytest

from mmpose_ctd.apis.keypoint_results import (
    points_of_images,
    read_keypoint_results,
)
from mmpose_ctd.errors import InputError, MissingFileError

RESULTS = [
    dict(image_id=3, keypoints=[1, 2, 0.5, 3, 4, 1], score=0.7),
    dict(image_id='b', keypoints=[5, 6, 1, 7.5, 8, 0]),
]


@pytest.fixture
def write(tmp_path):
    def write(content):
        file = tmp_path / 'points.json'
        text = content if isinstance(content, str) else json.dumps(content)
        file.write_text(text)
        return file

    return write


@pytest.mark.parametrize('content', [RESULTS, dict(keypoints=RESULTS)])
def test_cocos_results_alone_or_in_a_dict(write, content):
    found = read_keypoint_results(write(content))
    assert set(found) == {3, 'b'}
    np.testing.assert_array_equal(found[3], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(found['b'], [[5, 6], [7.5, 8]])


@pytest.mark.parametrize(
    ('content', 'told'),
    [
        ('no JSON', 'expected .*keypoints'),
        ('7', 'expected .*keypoints'),
        (dict(points=[]), 'expected .*keypoints'),
        ([dict(image_id=3)], 'expected .*keypoints'),
        ([dict(image_id=[3], keypoints=[1, 2, 3])], 'expected .*keypoints'),
        ([dict(image_id=3, keypoints=[1, 2])], 'id=3: .* found 2 values'),
        ('[{"image_id": 3, "keypoints": [1, NaN, 1]}]', 'finite numbers'),
        (RESULTS + RESULTS[:1], 'two predictions for id=3'),
    ],
)
def test_what_is_wrong_is_told_with_the_file(write, content, told):
    file = write(content)
    with pytest.raises(InputError, match=told) as error:
        read_keypoint_results(file)
    assert str(file) in str(error.value)


def test_no_file_is_told(tmp_path):
    with pytest.raises(MissingFileError, match='does not exist'):
        read_keypoint_results(tmp_path / 'none.json')


def test_points_come_in_the_order_of_the_images(write):
    file = write(RESULTS)
    first, second = points_of_images(file, ['b', 3], [2, 2])
    np.testing.assert_array_equal(first, [[5, 6], [7.5, 8]])
    np.testing.assert_array_equal(second, [[1, 2], [3, 4]])
    with pytest.raises(InputError, match='no prediction for .* id=4;'):
        points_of_images(file, [3, 4], [2, 2])
    with pytest.raises(InputError, match='2 points, the dataset 19'):
        points_of_images(file, [3], [19])
