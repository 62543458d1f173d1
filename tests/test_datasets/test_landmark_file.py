"""A keypoint file is believed only as far as it makes sense."""

import copy
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmark_set import NAMES, landmark_content

from mmpose_ctd.datasets.landmark_file import (
    LandmarkFile,
    read_split,
    subject_of,
)
from mmpose_ctd.errors import InputError, MissingFileError

CONTENT = landmark_content(num_images=2)


def read(tmp_path, content) -> LandmarkFile:
    path = tmp_path / 'landmarks.json'
    path.write_text(json.dumps(content), encoding='utf-8')
    return LandmarkFile.read(str(path))


def refused(tmp_path, content) -> str:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)
    assert str(tmp_path / 'landmarks.json') in str(caught.value)
    return str(caught.value)


def test_names_images_and_annotations_are_those_of_the_file(tmp_path):
    content = copy.deepcopy(CONTENT)
    content['categories'][0]['skeleton'] = [[1, 2], [3, 4]]
    file = read(tmp_path, content)
    assert file.names == list(NAMES)
    assert file.skeleton == [[1, 2], [3, 4]]
    assert file.images == {1: content['images'][0], 2: content['images'][1]}
    assert file.annotations == content['annotations']


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = tmp_path / 'windows.json'
    path.write_text(json.dumps(CONTENT), encoding='utf-8-sig')
    assert LandmarkFile.read(str(path)).names == list(NAMES)


def test_a_missing_file_is_named_with_the_settings_that_lead_to_it(tmp_path):
    path = tmp_path / 'nowhere.json'
    with pytest.raises(MissingFileError) as caught:
        LandmarkFile.read(str(path))
    for word in (str(path), 'dataset.data_root', 'ann_file', 'CTD_DATA_ROOT'):
        assert word in str(caught.value)


@pytest.mark.parametrize('text', [b'{"images": [', b'', b'\xff\xfe{}'])
def test_broken_json_is_refused(tmp_path, text):
    path = tmp_path / 'broken.json'
    path.write_bytes(text)
    with pytest.raises(InputError, match='broken.json: not a JSON file'):
        LandmarkFile.read(str(path))


@pytest.mark.parametrize(
    'content',
    [
        [],
        {},
        dict(CONTENT, annotations=None),
        {'images': [], 'categories': []},
    ],
)
def test_a_file_without_the_coco_lists_is_refused(tmp_path, content):
    assert "'annotations'" in refused(tmp_path, content)


def test_several_categories_are_refused_with_their_number(tmp_path):
    twice = dict(CONTENT, categories=CONTENT['categories'] * 2)
    assert 'found 2 categories; expected one' in refused(tmp_path, twice)
    none = dict(CONTENT, categories=[])
    assert 'found 0 categories; expected one' in refused(tmp_path, none)


@pytest.mark.parametrize('names', [None, [], 'subnasale', [1, 2], ['a', '']])
def test_landmarks_without_names_are_refused(tmp_path, names):
    content = dict(CONTENT, categories=[dict(id=1, keypoints=names)])
    message = refused(tmp_path, content)
    assert repr(names) in message and "landmarks' names" in message


def test_a_category_that_is_no_record_is_refused(tmp_path):
    message = refused(tmp_path, dict(CONTENT, categories=['face']))
    assert "'keypoints'" in message


@pytest.mark.parametrize('pair', [[0, 1], [1, 5], [1], ['a', 'b']])
def test_a_skeleton_of_unknown_landmarks_is_refused(tmp_path, pair):
    category = dict(CONTENT['categories'][0], skeleton=[[1, 2], pair])
    message = refused(tmp_path, dict(CONTENT, categories=[category]))
    assert repr(pair) in message and 'from 1 to 4' in message


@pytest.mark.parametrize('kind', ['images', 'annotations'])
def test_a_record_without_an_id_of_its_own_is_refused(tmp_path, kind):
    content = copy.deepcopy(CONTENT)
    content[kind][1]['id'] = content[kind][0]['id']
    message = refused(tmp_path, content)
    assert f'{kind}[1]' in message and 'of another record' in message
    del content[kind][1]['id']
    assert f"{kind}[1]: has no 'id'" in refused(tmp_path, content)
    content[kind][1] = 'no record'
    assert f"{kind}[1]: has no 'id'" in refused(tmp_path, content)


def annotation_refused(tmp_path, **changes) -> str:
    file = read(tmp_path, CONTENT)
    with pytest.raises(InputError) as caught:
        file.check_annotation(dict(file.annotations[1], **changes))
    message = str(caught.value)
    assert f'{file.path}: annotation id=101' in message
    return message


def test_an_annotation_of_an_unknown_image_is_refused(tmp_path):
    message = annotation_refused(tmp_path, image_id=77)
    assert 'image_id=77 is not among the images' in message


@pytest.mark.parametrize(
    'values, found', [([1, 2, 2], '3'), ([0] * 15, '15'), (None, 'no')]
)
def test_a_wrong_number_of_values_is_refused(tmp_path, values, found):
    message = annotation_refused(tmp_path, keypoints=values)
    assert f'{found} keypoint values; expected 3 x 4' in message


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf, None, '7'])
@pytest.mark.parametrize('place', range(3))
@pytest.mark.parametrize('visible', [0, 2])
def test_values_that_are_no_numbers_are_refused(tmp_path, bad, place, visible):
    point = [5, 6, visible]
    point[place] = bad
    values = [1, 1, 2] * 2 + point + [1, 1, 2]
    message = annotation_refused(tmp_path, keypoints=values)
    assert 'landmark subnasale' in message and f'{bad}' in message
    assert 'A missing landmark is 0, 0, 0.' in message


@pytest.mark.parametrize('visible', [-1, 3, 255])
def test_a_visibility_that_coco_does_not_know_is_refused(tmp_path, visible):
    values = [1, 1, visible] + [1, 1, 2] * 3
    message = annotation_refused(tmp_path, keypoints=values)
    assert 'landmark exocanthion_R' in message
    assert f'(1, 1, {visible})' in message


@pytest.mark.parametrize(
    'x, y', [(-40, 10), (10, -30), (640, 10), (10, 480), (1e9, 1)]
)
def test_a_labelled_point_far_outside_the_image_is_refused(tmp_path, x, y):
    values = [x, y, 1] + [1, 1, 2] * 3
    message = annotation_refused(tmp_path, keypoints=values)
    assert 'landmark exocanthion_R' in message
    assert f'({x:g}, {y:g}) lies far outside the 64x48 image' in message


def test_points_a_little_outside_or_not_labelled_are_accepted(tmp_path):
    file = read(tmp_path, CONTENT)
    values = [-3, -2.5, 1, 70, 50, 2, 9999, -9999, 0, 0, 0, 0]
    file.check_annotation(dict(file.annotations[0], keypoints=values))


@pytest.mark.parametrize(
    'key, value',
    [
        ('width', None),
        ('height', 0),
        ('width', -64),
        ('height', '48'),
        ('width', True),
        ('file_name', ''),
        ('file_name', '../001.png'),
        ('file_name', 'a/../../001.png'),
        ('file_name', 'a\\..\\..\\001.png'),
        ('file_name', '/etc/passwd'),
        ('file_name', 'C:\\001.png'),
        ('file_name', '\\\\server\\001.png'),
        ('file_name', '001.png\0.txt'),
        ('file_name', None),
    ],
)
def test_an_image_without_name_or_size_is_refused(tmp_path, key, value):
    file = read(tmp_path, CONTENT)
    with pytest.raises(InputError) as caught:
        file.check_image(dict(file.images[2], **{key: value}))
    message = str(caught.value)
    assert f'{file.path}: image id=2: {key}={value!r}' in message
    assert caught.value.expected or '; expected ' in message
    without = {k: v for k, v in file.images[2].items() if k != key}
    with pytest.raises(InputError, match=f'{key}=None'):
        file.check_image(without)


@pytest.mark.parametrize(
    'subject, written',
    [('A7', 'A7'), (17, '17'), (' A7 ', 'A7'), (None, None)],
)
def test_a_subject_is_compared_as_split_files_write_it(subject, written):
    assert subject_of(dict(subject=subject)) == written


def test_an_image_may_lack_a_subject():
    assert subject_of({}) is None


# A '#' within a word is the subject's, as in A#7; before one it is a comment.
WORDS = st.text(
    st.characters(categories=['L', 'N', 'P', 'S']), min_size=1, max_size=6
).filter(lambda word: word[0] != '#')
IDS = st.lists(WORDS, min_size=1, max_size=3).map(' '.join)


@given(st.lists(IDS, min_size=1, max_size=8, unique=True), st.data())
def test_a_written_split_is_read_back(tmp_path_factory, subjects, data):
    noise = st.sampled_from(
        ['{}', '  {}\t', '{}  # of site 2', '\n# note\n{}']
    )
    lines = [data.draw(noise).format(s) for s in subjects]
    path = tmp_path_factory.mktemp('splits') / 'train.txt'
    encoding = data.draw(st.sampled_from(['utf-8', 'utf-8-sig']))
    path.write_text('\n'.join(lines), encoding=encoding)
    assert read_split(str(path)) == subjects


def test_a_subject_named_twice_counts_once(tmp_path):
    path = tmp_path / 'train.txt'
    path.write_text('b\na\r\nb\n', newline='')
    assert read_split(str(path)) == ['b', 'a']


def test_a_missing_split_is_named_with_its_setting(tmp_path):
    with pytest.raises(MissingFileError) as caught:
        read_split(str(tmp_path / 'train.txt'))
    assert str(tmp_path / 'train.txt') in str(caught.value)
    assert 'dataset.split' in str(caught.value)


@pytest.mark.parametrize('text', ['', '\n \n', '# all of them\n'])
def test_a_split_of_nobody_is_refused(tmp_path, text):
    path = tmp_path / 'train.txt'
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_split(str(path))
    assert 'train.txt' in caught.value.where
    assert caught.value.found == 'empty'


@pytest.mark.parametrize(
    'content',
    [
        'Müller\n'.encode('latin1'),
        'anna\n'.encode('utf-16'),
        b'\xef\xbb\xbf',
        b'anna\0\n',
        b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR',
        b'\xed\xa0\x80\n',
        b'a' * 100_000,
        b'image:' + b'a' * 100_000,
        b'anna\x1b[2J\n',
    ],
)
def test_a_split_that_is_not_text_is_refused(tmp_path, content):
    path = tmp_path / 'train.txt'
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_split(str(path))
    assert 'train.txt' in caught.value.where
    assert 'subject id' in caught.value.expected
    assert len(str(caught.value)) < 400


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_split_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp('splits') / 'train.txt'
    path.write_bytes(content)
    try:
        lines = read_split(str(path))
    except InputError as error:
        assert 'train.txt' in error.where
    else:
        assert lines and all(line == line.strip() != '' for line in lines)
        # What is printed of them ends in one line.
        assert all(len(line.splitlines()) == 1 for line in lines)
