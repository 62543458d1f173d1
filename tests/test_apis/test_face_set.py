"""Who trains and who tests, of a folder that somebody brings."""

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


def test_a_set_tells_its_landmarks_and_sizes(tmp_path):
    content = landmark_content(20, names=['a', 'b', 'c'])
    content['images'][7].update(width=90, height=120)
    # Who has no landmarks has no say.
    content['images'].append(
        dict(id=99, file_name='x.png', width=999, height=999, subject='x')
    )
    root = write_landmark_set(tmp_path / 'faces', content)
    faces = open_face_set(root, tmp_path / 'out', 3)
    assert faces.root == root
    assert faces.ann_file == 'annotations/landmarks.json'
    assert faces.num_keypoints == 3
    assert faces.largest == 120
    assert faces.num_train == 3
    chosen = {*lines(faces.train_split), *lines(faces.test_split)}
    assert chosen <= ALL


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99), labels=st.integers(1, 12))
def test_drawn_subjects_are_disjoint_and_nested(
    bare, tmp_path_factory, seed, labels
):
    out = tmp_path_factory.mktemp('out')
    faces = open_face_set(bare, out / 'a', labels, seed)
    more = open_face_set(bare, out / 'b', labels + 1, seed)
    train, test = lines(faces.train_split), lines(faces.test_split)
    # A fifth of the ten subjects; all others may train.
    assert len(test) == 2
    assert len(train) == faces.num_train == min(labels, 8)
    assert len({*train, *test}) == len(train) + 2
    assert {*train, *test} <= ALL
    assert lines(more.test_split) == test
    assert lines(more.train_split)[: len(train)] == train


def test_the_same_seed_draws_the_same_and_another_one_others(bare, tmp_path):
    def draw(seed):
        faces = open_face_set(bare, tmp_path / 'out', 8, seed)
        return lines(faces.train_split), lines(faces.test_split)

    assert draw(0) == draw(0)
    assert len({str(draw(seed)) for seed in range(5)}) == 5


def write_split(root, name, subjects) -> None:
    (root / 'splits').mkdir(exist_ok=True)
    (root / 'splits' / f'{name}.txt').write_text('\n'.join(subjects))


def test_the_sets_own_splits_are_respected(root, tmp_path):
    write_split(root, 'test', ['subject9', 'subject3'])
    write_split(root, 'train', ['subject5', 'subject1', 'subject4'])
    write_split(root, 'train_n002_seed7', ['subject8', 'subject6'])
    faces = open_face_set(root, tmp_path / 'a', 2, seed=7)
    assert lines(faces.train_split) == ['subject8', 'subject6']
    assert {*lines(faces.test_split)} == {'subject9', 'subject3'}
    # Another seed or budget has no file of its own.
    faces = open_face_set(root, tmp_path / 'b', 2, seed=0)
    assert lines(faces.train_split) == ['subject5', 'subject1']
    faces = open_face_set(root, tmp_path / 'c', 20, seed=7)
    assert lines(faces.train_split) == ['subject5', 'subject1', 'subject4']
    assert faces.num_train == 3


def test_beside_an_own_test_split_training_subjects_are_drawn(root, tmp_path):
    write_split(root, 'test', ['subject9', 'subject3'])
    faces = open_face_set(root, tmp_path / 'out', 100)
    assert {*lines(faces.train_split)} == ALL - {'subject9', 'subject3'}


def test_beside_an_own_training_split_test_subjects_are_drawn(root, tmp_path):
    train = sorted(ALL - {'subject2', 'subject4', 'subject6'})
    write_split(root, 'train', train)
    faces = open_face_set(root, tmp_path / 'out', 100)
    assert lines(faces.train_split) == train
    test = {*lines(faces.test_split)}
    assert len(test) == 2 and test < ALL - {*train}


def test_a_subject_that_trains_and_tests_is_refused(root, tmp_path):
    write_split(root, 'test', ['subject9', 'subject3'])
    write_split(root, 'train', ['subject5', 'subject3'])
    with pytest.raises(InputError, match="'subject3' is in the training and"):
        # Even beyond the budget: the files are wrong.
        open_face_set(root, tmp_path / 'out', 1)


@pytest.mark.parametrize('own, other', [('test', 'train'), ('train', 'test')])
def test_a_split_of_everybody_is_refused(root, tmp_path, own, other):
    write_split(root, own, sorted(ALL))
    with pytest.raises(InputError, match=f'leave no subject to {other} on'):
        open_face_set(root, tmp_path / 'out', 5)


@pytest.mark.parametrize('labels', [0, -3])
def test_no_labels_at_all_are_refused(root, tmp_path, labels):
    with pytest.raises(InputError, match=f'{labels} labelled .* at least 1'):
        open_face_set(root, tmp_path / 'out', labels)


def test_too_few_subjects_are_refused(tmp_path):
    root = write_landmark_set(tmp_path / 'faces', landmark_content(4))
    with pytest.raises(InputError) as caught:
        open_face_set(root, tmp_path / 'out', 1)
    message = str(caught.value)
    assert 'landmarks.json: 2 subjects' in message
    assert "'subject' in every image record" in message


def test_subjects_that_are_numbers_or_missing_do_no_harm(tmp_path):
    content = landmark_content(8)
    for i, image in enumerate(content['images']):
        image['subject'] = [1, 2, 'three', None][i // 2]
    root = write_landmark_set(tmp_path / 'faces', content)
    faces = open_face_set(root, tmp_path / 'out', 5)
    chosen = lines(faces.train_split) + lines(faces.test_split)
    assert sorted(chosen) == ['1', '2', 'three']


def test_a_folder_without_annotations_is_refused(tmp_path):
    with pytest.raises(MissingFileError) as caught:
        open_face_set(tmp_path / 'nowhere', tmp_path / 'out', 5)
    assert str(tmp_path / 'nowhere') in str(caught.value)
    assert 'annotations/*.json' in str(caught.value)


def add_annotations(root, name, content) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (root / 'annotations' / name).write_text(text)


def test_of_several_annotation_files_the_labelled_one_is_taken(root, tmp_path):
    add_annotations(root, 'a.json', dict(landmark_content(20), annotations=[]))
    faces = open_face_set(root, tmp_path / 'out', 5)
    assert faces.ann_file == 'annotations/landmarks.json'


def test_nobody_guesses_between_two_labelled_files(root, tmp_path):
    add_annotations(root, 'more.json', landmark_content(20, names=['a', 'b']))
    with pytest.raises(InputError) as caught:
        open_face_set(root, tmp_path / 'out', 5)
    assert 'landmarks.json, more.json is meant? Leave one' in str(caught.value)
    # The name of the public set decides.
    add_annotations(root, 'landmarks19.json', landmark_content(20))
    faces = open_face_set(root, tmp_path / 'out', 5)
    assert faces.ann_file == 'annotations/landmarks19.json'


def test_a_broken_annotation_file_is_told(root, tmp_path):
    add_annotations(root, 'landmarks.json', '{"images": ')
    with pytest.raises(InputError, match='landmarks.json: not a JSON file'):
        open_face_set(root, tmp_path / 'out', 5)


def test_an_image_record_without_size_is_told(root, tmp_path):
    content = landmark_content(20)
    del content['images'][3]['width']
    add_annotations(root, 'landmarks.json', content)
    with pytest.raises(InputError, match='image id=4: width=None'):
        open_face_set(root, tmp_path / 'out', 5)


def test_relative_folders_work_with_a_dataset(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    faces = open_face_set(root.relative_to(tmp_path), tmp_path / 'out', 3)
    also = open_face_set(
        root.relative_to(tmp_path), (tmp_path / 'o2').relative_to(tmp_path), 3
    )
    for opened in (faces, also):
        # As the demo does: the root is relative, the splits lie elsewhere.
        dataset = DATASETS.build(
            dict(
                type='CIFASDDataset',
                data_root=str(opened.root),
                ann_file=opened.ann_file,
                num_keypoints=opened.num_keypoints,
                split=str(opened.train_split),
            )
        )
        found = {
            info['subject'] for info in map(dataset.get_data_info, range(6))
        }
        assert found == {*lines(opened.train_split)} and len(dataset) == 6


@pytest.mark.real_data
def test_the_real_faces_open_with_their_own_splits(shared_root, tmp_path):
    root = shared_root / 'data' / 'frl_faces'
    faces = open_face_set(root, tmp_path / 'out', 20, seed=3)
    assert faces.ann_file == 'annotations/landmarks19.json'
    assert (faces.num_keypoints, faces.largest) == (19, 256)
    own = root / 'splits' / 'train_n020_seed3.txt'
    assert lines(faces.train_split) == lines(own)
    assert {*lines(faces.test_split)} == {*lines(root / 'splits/test.txt')}
