"""Who trains and who tests, of a user's folder."""

import json
from pathlib import Path

import pytest
from landmark_set import landmark_content, write_landmark_set

from mmpose_ctd.apis.face_set import open_face_set
from mmpose_ctd.errors import InputError, MissingFileError

ALL = {f'subject{i}' for i in range(10)}


def lines(path) -> list[str]:
    return path.read_text().split()


@pytest.fixture
def root(tmp_path):
    """Ten subjects of two images each, without splits."""
    return write_landmark_set(tmp_path / 'faces', landmark_content(20))


def test_landmarks_and_sizes_of_labelled_images_count(tmp_path):
    content = landmark_content(20, names=['a', 'b', 'c'])
    content['images'][7].update(width=90, height=120)
    # An image without labels; a subject may be a number or missing.
    content['images'].append(
        dict(id=99, file_name='x.png', width=999, height=999, subject='x')
    )
    content['images'][0]['subject'] = content['images'][1]['subject'] = 7
    content['images'][2]['subject'] = None
    root = write_landmark_set(tmp_path / 'faces', content)
    faces = open_face_set(root, tmp_path / 'out', 100)
    assert (faces.root, faces.ann_file) == (root, 'annotations/landmarks.json')
    assert (faces.num_keypoints, faces.largest, faces.num_train) == (3, 120, 8)
    chosen = {*lines(faces.train_split), *lines(faces.test_split)}
    assert chosen == ALL - {'subject0'} | {'7'}


@pytest.mark.parametrize(('seed', 'labels'), [(0, 1), (3, 5), (1, 12)])
def test_drawn_subjects_are_disjoint_nested_and_repeatable(
    root, tmp_path, monkeypatch, seed, labels
):
    monkeypatch.chdir(tmp_path)
    faces = open_face_set(Path('faces'), Path('a'), labels, seed)
    more = open_face_set(root, tmp_path / 'b', labels + 1, seed)
    train, test = lines(faces.train_split), lines(faces.test_split)
    # A data set may have another root.
    assert faces.train_split.is_absolute() and faces.test_split.is_absolute()
    # A fifth of the ten subjects tests; all others may train.
    assert len(test) == 2
    assert len(train) == faces.num_train == min(labels, 8)
    assert len({*train, *test}) == len(train) + 2
    assert {*train, *test} <= ALL
    assert lines(more.test_split) == test
    assert lines(more.train_split)[: len(train)] == train


def write_split(root, name, subjects) -> None:
    (root / 'splits').mkdir(exist_ok=True)
    (root / 'splits' / f'{name}.txt').write_text('\n'.join(subjects))


def test_the_sets_own_splits_are_used(root, tmp_path):
    write_split(root, 'test', ['subject9', 'subject3'])
    faces = open_face_set(root, tmp_path / 'out', 100)
    assert {*lines(faces.train_split)} == ALL - {'subject9', 'subject3'}
    write_split(root, 'train', ['subject5', 'subject1', 'subject4'])
    write_split(root, 'train_n002_seed7', ['subject8', 'subject6'])
    # Another seed or budget has no file of its own.
    for labels, seed, expected in (
        (2, 7, ['subject8', 'subject6']),
        (2, 0, ['subject5', 'subject1']),
        (20, 7, ['subject5', 'subject1', 'subject4']),
    ):
        faces = open_face_set(root, tmp_path / 'out', labels, seed)
        assert lines(faces.train_split) == expected
        assert faces.num_train == len(expected)
        assert {*lines(faces.test_split)} == {'subject9', 'subject3'}
    (root / 'splits' / 'test.txt').unlink()
    test = {*lines(open_face_set(root, tmp_path / 'out', 20).test_split)}
    assert len(test) == 2
    assert test < ALL - {'subject5', 'subject1', 'subject4'}


@pytest.mark.parametrize(
    ('splits', 'labels', 'where', 'words'),
    [
        # Even beyond the budget: the files are wrong.
        (
            dict(
                test=['subject9', 'subject3'], train=['subject5', 'subject3']
            ),
            1,
            'splits',
            "'subject3'",
        ),
        (dict(test=sorted(ALL)), 5, 'splits', 'no subject to train'),
        ({}, 0, '0 labelled', ''),
    ],
)
def test_wrong_splits_are_refused(
    root, tmp_path, splits, labels, where, words
):
    for name, subjects in splits.items():
        write_split(root, name, subjects)
    with pytest.raises(InputError) as caught:
        open_face_set(root, tmp_path / 'out', labels)
    assert where in caught.value.where and words in caught.value.found


def test_sets_that_cannot_be_used(root, tmp_path):
    few = write_landmark_set(tmp_path / 'few', landmark_content(4))
    with pytest.raises(InputError) as caught:
        open_face_set(few, tmp_path / 'out', 1)
    assert caught.value.where.endswith('landmarks.json')
    assert caught.value.found == '2 subjects'
    with pytest.raises(MissingFileError):
        open_face_set(tmp_path / 'nowhere', tmp_path / 'out', 5)
    content = landmark_content(20)
    del content['images'][3]['width']
    (root / 'annotations' / 'landmarks.json').write_text(json.dumps(content))
    with pytest.raises(InputError, match='id=4'):
        open_face_set(root, tmp_path / 'out', 5)


def test_the_labelled_annotation_file_is_used(root, tmp_path):
    def add(name, content):
        (root / 'annotations' / name).write_text(json.dumps(content))

    add('a.json', dict(landmark_content(20), annotations=[]))
    faces = open_face_set(root, tmp_path / 'out', 5)
    assert faces.ann_file == 'annotations/landmarks.json'
    # Of two labelled ones, none is guessed.
    add('more.json', landmark_content(20, names=['a', 'b']))
    with pytest.raises(InputError, match=r'landmarks\.json, more\.json'):
        open_face_set(root, tmp_path / 'out', 5)
    # The name of the public set decides.
    add('landmarks19.json', landmark_content(20))
    faces = open_face_set(root, tmp_path / 'out', 5)
    assert faces.ann_file == 'annotations/landmarks19.json'
