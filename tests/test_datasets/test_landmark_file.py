"""An annotation file and a split file are checked value by value."""

import copy
import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from landmark_set import NAMES, landmark_content
from refusals import refused

from mmpose_ctd.datasets.landmark_file import (
    LandmarkFile,
    image_problems,
    read_split,
)
from mmpose_ctd.errors import InputError

CONTENT = landmark_content(num_images=2)
FACE = CONTENT['categories'][0]


def write(tmp_path, content) -> str:
    path = tmp_path / 'landmarks.json'
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    path.write_bytes(content)
    return str(path)


def test_names_images_and_annotations_are_those_of_the_file(tmp_path):
    content = copy.deepcopy(CONTENT)
    content['categories'][0]['skeleton'] = [[1, 2], [3, 4]]
    text = json.dumps(content)
    for encoding in ('utf-8', 'utf-8-sig'):
        file = LandmarkFile.read(write(tmp_path, text.encode(encoding)))
        assert file.names == list(NAMES)
        assert file.skeleton == [[1, 2], [3, 4]]
        assert file.images == dict(zip((1, 2), content['images']))
        assert file.annotations == content['annotations']
        assert not file.problems


@pytest.mark.parametrize(
    'content',
    [
        *(b'{"images": [', b'', b'\xff\xfe{}', b'{"a": 1, "a": 2}', []),
        *({}, {'annotations': [], 'categories': []}, b'[' * 100_000),
    ],
)
def test_a_file_without_images_is_refused(tmp_path, content):
    path = write(tmp_path, content)
    for read in (LandmarkFile.read, LandmarkFile.scan):
        with refused(path) as caught:
            read(path)
        assert caught.value.found


def image(**changes):
    return [CONTENT['images'][0], CONTENT['images'][1] | changes]


def marks(**changes):
    return [CONTENT['annotations'][0], CONTENT['annotations'][1] | changes]


@pytest.mark.parametrize(
    'changes, where, found',
    [
        (dict(annotations=None), '', "['annotations']"),
        (dict(categories=[FACE] * 2), '', '2 categories'),
        (dict(categories=[]), '', '0 categories'),
        (dict(categories=[dict(keypoints='sn')]), '', "'keypoints'='sn'"),
        (dict(categories=[dict(keypoints=[1])]), '', "'keypoints'=[1]"),
        (dict(categories=[FACE | dict(skeleton=[[0, 1]])]), '', '[0, 1]'),
        (dict(categories=[FACE | dict(measurements=1)]), '', '1'),
        (dict(images=image(id=1)), ': images[1]', '1 of another record'),
        (dict(images=image(id=None)), ': images[1]', "no 'id'"),
        (dict(images=[*image(), 'x']), ': images[2]', "no 'id'"),
        (dict(annotations=marks(id=100)), ': annotations[1]', '100'),
    ],
)
def test_scan_collects_the_problem_that_read_raises(
    tmp_path, changes, where, found
):
    path = write(tmp_path, CONTENT | changes)
    with refused(text=found) as caught:
        LandmarkFile.read(path)
    assert str(caught.value).startswith(path + where)
    file = LandmarkFile.scan(path)
    assert str(file.problems[0]) == str(caught.value)
    assert 1 in file.images and len(file.image_records) >= 2


# --------------------------------------------------------------- records


def annotation_problems(tmp_path, **changes):
    """All problems of an annotation, of which strict reading raises one."""
    file = LandmarkFile.read(write(tmp_path, CONTENT))
    annotation = dict(file.annotations[1], **changes)
    problems = list(file.annotation_problems(annotation))
    assert problems
    with pytest.raises(InputError) as caught:
        file.check_annotation(annotation)
    assert str(caught.value) == str(problems[0])
    for problem in problems:
        assert problem.where == f'{file.path}: annotation id=101'
    return problems


@pytest.mark.parametrize(
    'changes, found, expected',
    [
        (dict(image_id=77), 'image_id=77', ''),
        (dict(keypoints=[1, 2, 2]), '3 keypoint values', '3 x 4'),
        (dict(keypoints=[0] * 15), '15 keypoint values', '3 x 4'),
        (dict(keypoints=None), 'no keypoint values', '3 x 4'),
        (dict(keypoints=[0, 0, 1] * 4), 'at (0, 0)', ''),
    ],
)
def test_a_wrong_annotation_has_a_problem(tmp_path, changes, found, expected):
    (problem,) = annotation_problems(tmp_path, **changes)
    assert found in problem.found and expected in problem.expected
    assert problem.expected or problem.cure


@pytest.mark.parametrize('bad', [math.nan, math.inf, None, '7', True])
def test_a_value_that_is_not_a_number_is_a_problem(tmp_path, bad):
    for place, visible in itertools.product(range(3), (0, 2)):
        point = [5, 6, visible]
        point[place] = bad
        values = [1, 1, 2] * 2 + point + [1, 1, 2]
        (problem,) = annotation_problems(tmp_path, keypoints=values)
        assert problem.landmark == 'subnasale'
        assert f'{bad}' in problem.found and problem.cure


def test_every_wrong_landmark_is_a_problem(tmp_path):
    values = [1, 1, 3, -40, 10, 1, 10, 480, 2, 1e9, 1, 1]
    problems = annotation_problems(tmp_path, keypoints=values)
    assert [problem.landmark for problem in problems] == list(NAMES)
    assert '(1, 1, 3)' in problems[0].found
    assert '(-40, 10) lies far outside the 64x48 image' in problems[1].found
    file = LandmarkFile.scan(write(tmp_path, CONTENT))
    points = file.points(dict(keypoints=values))
    assert np.isnan(points[0]).all()
    assert points[1].tolist() == [-40, 10]


def test_points_a_little_outside_or_not_labelled_are_accepted(tmp_path):
    file = LandmarkFile.read(write(tmp_path, CONTENT))
    values = [-3, -2.5, 1, 70, 50, 2, 9999, -9999, 0, 0, 0, 0]
    file.check_annotation(dict(file.annotations[0], keypoints=values))
    expected = [[-3, -2.5], [70, 50], [np.nan] * 2, [np.nan] * 2]
    found = file.points(dict(keypoints=values))
    assert np.array_equal(found, expected, equal_nan=True)


@pytest.mark.parametrize(
    'key, value',
    [
        *[('width', value) for value in (None, -64, 0, '48', True, 4.5)],
        *[('mm_per_px', value) for value in (0, -1.0, math.nan, 'fine')],
        ('height', 10**400),
        ('file_name', ''),
        ('file_name', 'a/../../001.png'),
        ('file_name', 'a\\..\\..\\001.png'),
        ('file_name', '/etc/passwd'),
        ('file_name', 'C:\\001.png'),
        ('file_name', '001.png\0.txt'),
        ('file_name', None),
    ],
)
def test_a_wrong_field_of_an_image_is_a_problem(key, value):
    right = CONTENT['images'][1]
    assert not list(image_problems('a.json', right))
    (problem,) = image_problems('a.json', right | {key: value})
    assert problem.where == 'a.json: image id=2'
    assert problem.found.startswith(f'{key}=') and problem.expected


# ----------------------------------------------------------------- splits

# A '#' within a word is the subject's, as in A#7; before one it is a comment.
WORDS = st.text(
    st.characters(categories=['L', 'N', 'P', 'S']), min_size=1, max_size=6
).filter(lambda word: word[0] != '#')
IDS = st.lists(WORDS, min_size=1, max_size=3).map(' '.join)


@given(st.lists(IDS, min_size=1, max_size=8, unique=True), st.data())
def test_a_written_split_is_read(tmp_path_factory, subjects, data):
    noise = st.sampled_from(
        ['{}', '  {}\t', '{}  # of site 2', '\n# note\n{}', '{0}\r\n{0}']
    )
    lines = [data.draw(noise).format(s) for s in subjects]
    path = tmp_path_factory.mktemp('splits') / 'train.txt'
    encoding = data.draw(st.sampled_from(['utf-8', 'utf-8-sig']))
    path.write_text('\n'.join(lines), encoding=encoding, newline='')
    assert read_split(str(path)) == subjects


@pytest.mark.parametrize(
    'content, found',
    [
        (b'', 'empty'),
        (b'# all of them\n', 'empty'),
        ('Müller\n'.encode('latin1'), 'not UTF-8'),
        (b'anna\0\n', 'line 1 has control characters'),
        (b'b\nanna\x1b[2J\n', 'line 2 has control characters'),
        (b'image:' + b'a' * 100_000, 'line 1 is very long'),
        (None, 'does not exist'),
    ],
)
def test_another_file_is_refused_as_a_split(tmp_path, content, found):
    path = tmp_path / 'train.txt'
    if content is not None:
        path.write_bytes(content)
    with refused(
        found=found, expected='subject id', text='train.txt'
    ) as caught:
        read_split(str(path))
    assert len(str(caught.value)) < 400
