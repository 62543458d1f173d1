"""Predicted landmarks are read whole or not at all."""

import json

import numpy as np
import pytest
from refusals import refused

from mmpose_ctd.apis.keypoint_results import (
    points_of_images,
    read_keypoint_results,
)
from mmpose_ctd.errors import MissingFileError

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
    file = write(content)
    assert set(read_keypoint_results(file)) == {3, 'b'}
    first, second = points_of_images(file, ['b', 3], [2, 2])
    np.testing.assert_array_equal(first, [[5, 6], [7.5, 8]])
    np.testing.assert_array_equal(second, [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    'content',
    [
        'no JSON',
        dict(points=[]),
        [dict(image_id=3)],
        [dict(image_id=[3], keypoints=[1, 2, 3])],
        [dict(image_id=3, keypoints=[1, 2])],
        '[{"image_id": 3, "keypoints": [1, NaN, 1]}]',
        RESULTS + RESULTS[:1],
    ],
)
def test_a_wrong_file_is_named(write, content):
    file = write(content)
    with refused(within=str(file)):
        read_keypoint_results(file)


def test_what_is_missing_is_named(write, tmp_path):
    with pytest.raises(MissingFileError):
        read_keypoint_results(tmp_path / 'none.json')
    file = write(RESULTS)
    for images, numbers, found in (
        ([3, 4], [2, 2], 'no prediction'),
        ([3], [19], '2 points'),
    ):
        with refused(found=found):
            points_of_images(file, images, numbers)
