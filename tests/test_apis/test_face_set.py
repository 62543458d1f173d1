"""Who trains and who tests, of a user's folder."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmark_set import landmark_content, write_landmark_set
from mmpose.registry import DATASETS

from mmpose_ctd.apis.face_set import open_face_set
from mmpose_ctd.errors import InputError, MissingFileError

ALL = {f'subject{i}' for i in range(10)}


def lines(path) -> list[str]:
    return path.read_text().split()


@pytest.fixture
def root(tmp_path):
    """Ten subjects of two images each, without splits."""
    return write_landmark_set(tmp_path / 'faces', landmark_content(20))


@pytest.fixture(scope='module')
def bare(tmp_path_factory):
    """The annotations of such a set."""
    root = tmp_path_factory.mktemp('bare')
    (root / 'annotations').mkdir()
    file = root / 'annotations' / 'landmarks.json'
    file.write_text(json.dumps(landmark_content(20)))
    return root


def test_landmarks_and_sizes_of_labelled_images_count(tmp_path):
    content = landmark_content(20, names=['a', 'b', 'c'])
    content['images'][7].update(width=90, height=120)
    content['images'].append(
        dict(id=99, file_name='x.png', width=999, height=999, subject='x')
    )
    root = write_landmark_set(tmp_path / 'faces', content)
    faces = open_face_set(root, tmp_path / 'out', 3)
    assert (faces.root, faces.ann_file) == (
        root,
        'annotations/landmarks.json',
    )
    assert (faces.num_keypoints, faces.largest, faces.num_train) == (3, 120, 3)
    chosen = {*lines(faces.train_split), *lines(faces.test_split)}
    assert chosen <= ALL


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99), labels=st.integers(1, 12))
def test_drawn_subjects_are_disjoint_nested_and_repeatable(
    bare, tmp_path_factory, seed, labels
):
    out = tmp_path_factory.mktemp('out')
    faces = open_face_set(bare, out / 'a', labels, seed)
    more = open_face_set(bare, out / 'b', labels + 1, seed)
    train, test = lines(faces.train_split), lines(faces.test_split)
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


def test_a_missing_split_is_drawn_from_the_others(root, tmp_path):
    write_split(root, 'test', ['subject9', 'subject3'])
    faces = open_face_set(root, tmp_path / 'out', 100)
    assert {*lines(faces.train_split)} == ALL - {'subject9', 'subject3'}
    (root / 'splits' / 'test.txt').unlink()
    train = sorted(ALL - {'subject2', 'subject4', 'subject6'})
    write_split(root, 'train', train)
    faces = open_face_set(root, tmp_path / 'out', 100)
    assert lines(faces.train_split) == train
    test = {*lines(faces.test_split)}
    assert len(test) == 2 and test < ALL - {*train}


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
        (dict(train=sorted(ALL)), 5, 'splits', 'no subject to test'),
        ({}, 0, '0 labelled', ''),
        ({}, -3, '-3 labelled', ''),
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


def test_too_few_subjects_are_refused(tmp_path):
    root = write_landmark_set(tmp_path / 'faces', landmark_content(4))
    with pytest.raises(InputError) as caught:
        open_face_set(root, tmp_path / 'out', 1)
    assert caught.value.where.endswith('landmarks.json')
    assert caught.value.found == '2 subjects'


def test_subjects_may_be_numbers_or_missing(tmp_path):
    content = landmark_content(8)
    for i, image in enumerate(content['images']):
        image['subject'] = [1, 2, 'three', None][i // 2]
    root = write_landmark_set(tmp_path / 'faces', content)
    faces = open_face_set(root, tmp_path / 'out', 5)
    chosen = lines(faces.train_split) + lines(faces.test_split)
    assert sorted(chosen) == ['1', '2', 'three']


def add_annotations(root, name, content) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (root / 'annotations' / name).write_text(text)


def test_the_labelled_annotation_file_is_used(root, tmp_path):
    add_annotations(root, 'a.json', dict(landmark_content(20), annotations=[]))
    faces = open_face_set(root, tmp_path / 'out', 5)
    assert faces.ann_file == 'annotations/landmarks.json'
    # Of two labelled ones, none is guessed.
    add_annotations(root, 'more.json', landmark_content(20, names=['a', 'b']))
    with pytest.raises(InputError, match=r'landmarks\.json, more\.json'):
        open_face_set(root, tmp_path / 'out', 5)
    # The name of the public set decides.
    add_annotations(root, 'landmarks19.json', landmark_content(20))
    faces = open_face_set(root, tmp_path / 'out', 5)
    assert faces.ann_file == 'annotations/landmarks19.json'


def test_damaged_annotations_are_refused(root, tmp_path):
    with pytest.raises(MissingFileError, match=r'annotations/\*\.json'):
        open_face_set(tmp_path / 'nowhere', tmp_path / 'out', 5)
    content = landmark_content(20)
    del content['images'][3]['width']
    for damaged, words in ((content, 'id=4'), ('{"images": ', 'JSON')):
        add_annotations(root, 'landmarks.json', damaged)
        with pytest.raises(InputError, match=words):
            open_face_set(root, tmp_path / 'out', 5)


def test_relative_folders_work_with_a_dataset(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    relative = root.relative_to(tmp_path)
    for out in (tmp_path / 'out', (tmp_path / 'o2').relative_to(tmp_path)):
        faces = open_face_set(relative, out, 3)
        dataset = DATASETS.build(
            dict(
                type='CIFASDDataset',
                data_root=str(faces.root),
                ann_file=faces.ann_file,
                num_keypoints=faces.num_keypoints,
                split=str(faces.train_split),
            )
        )
        found = {
            info['subject'] for info in map(dataset.get_data_info, range(6))
        }
        assert found == {*lines(faces.train_split)} and len(dataset) == 6


@pytest.mark.real_data
def test_the_real_faces_open_with_their_own_splits(shared_root, tmp_path):
    root = shared_root / 'data' / 'frl_faces'
    faces = open_face_set(root, tmp_path / 'out', 20, seed=3)
    assert faces.ann_file == 'annotations/landmarks19.json'
    assert (faces.num_keypoints, faces.largest) == (19, 256)
    own = root / 'splits' / 'train_n020_seed3.txt'
    assert lines(faces.train_split) == lines(own)
    assert {*lines(faces.test_split)} == {*lines(root / 'splits/test.txt')}
