"""A set of one side of the face, flipped: right or wrong, it is told."""

import pytest
from landmark_set import landmark_content, logged, write_landmark_set

from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.errors import InputError

RIGHT = ['exocanthion_R', 'endocanthion_R', 'subnasale']
BOTH = ['exocanthion_R', 'exocanthion_L', 'subnasale']


def told(root, names, pipeline):
    content = landmark_content(names=names)
    write_landmark_set(root, content)
    with logged() as messages:
        CIFASDDataset(
            data_root=str(root),
            ann_file='annotations/landmarks.json',
            pipeline=pipeline,
        )
    return ' '.join(messages)


def test_flips_of_one_sided_landmarks_are_warned_of(tmp_path):
    message = told(tmp_path, RIGHT, [dict(type='RandomFlip', prob=0.5)])
    assert '2 landmarks (exocanthion_R, endocanthion_R)' in message
    assert 'prob=0' in message


@pytest.mark.parametrize(
    ('names', 'pipeline'),
    [
        (BOTH, [dict(type='RandomFlip', prob=0.5)]),
        (RIGHT, [dict(type='RandomFlip', prob=0.0)]),
        (RIGHT, []),
        (['subnasale', 'stomion'], [dict(type='RandomFlip', prob=0.5)]),
    ],
)
def test_nothing_is_said_where_nothing_can_be_wrong(tmp_path, names, pipeline):
    assert 'flipped' not in told(tmp_path, names, pipeline)


@pytest.mark.parametrize('scale', [0, -1.0, float('nan'), 'fine'])
def test_a_scale_that_cannot_be_is_refused(tmp_path, scale):
    content = landmark_content()
    content['images'][2]['mm_per_px'] = scale
    with pytest.raises(InputError, match='image id=3: mm_per_px=.*above 0'):
        write_and_read(tmp_path, content)


def test_points_all_in_the_corner_are_no_labels(tmp_path):
    content = landmark_content()
    content['annotations'][1]['keypoints'] = [0, 0, 2] * 4
    with pytest.raises(InputError, match=r'id=101: every labelled'):
        write_and_read(tmp_path, content)


def write_and_read(root, content):
    write_landmark_set(root, content)
    return CIFASDDataset(
        data_root=str(root), ann_file='annotations/landmarks.json'
    )
