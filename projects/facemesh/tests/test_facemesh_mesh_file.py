"""The file of meshes."""

import json

import numpy as np
import pytest
from landmark_set import landmark_content, write_landmark_set
from mesh_toys import write_meshes
from random_meshes import random_meshes

from mmpose_ctd.errors import InputError, MissingFileError
from projects.facemesh.face_meshes.mesh_file import MeshFile


@pytest.fixture
def content():
    return landmark_content(6)


@pytest.fixture
def root(tmp_path, content):
    return write_landmark_set(tmp_path / 'set', content)


@pytest.fixture
def vertices():
    return random_meshes(6)


@pytest.fixture
def write(tmp_path, root, content, vertices):
    def write(**changes):
        path = tmp_path / 'meshes.npz'
        return str(write_meshes(path, root, content, vertices, **changes))

    return write


def paths(root, content):
    return [str(root / 'images' / i['file_name']) for i in content['images']]


def test_meshes_are_found_by_image_whatever_their_order(
    write, root, content, vertices
):
    vertices[2] = np.nan
    file = MeshFile.read(write())
    ids = [5, 3, 1]
    chosen = [paths(root, content)[i - 1] for i in ids]
    np.testing.assert_array_equal(
        file.of_images(ids, chosen), vertices[[4, 2, 0]]
    )
    assert file.attempts.tolist() == [1, 1, 0, 1, 1, 1]
    assert file.network == 'MediaPipe 0'


def test_a_missing_file_is_told_with_the_command_that_makes_it():
    with pytest.raises(MissingFileError, match=r'nowhere.npz.*facemesh.py'):
        MeshFile.read('nowhere.npz')


def test_an_image_that_the_file_does_not_know_is_named(write, root, content):
    file = MeshFile.read(write())
    with pytest.raises(InputError, match=r'no mesh of 1 of 2 .*id=77: '):
        file.of_images([1, 77], paths(root, content)[:2])


def bad_about(**changes):
    about = dict(
        format='mmpose_ctd face mesh',
        version=1,
        mediapipe='0',
        views=1,
        refine=True,
        seconds=0,
    )
    return json.dumps(about | changes)


@pytest.mark.parametrize(
    'changes, said',
    [
        (dict(about=bad_about(format='other')), "format 'other'"),
        (dict(about=bad_about(version=2)), 'version 2'),
        (dict(about='{'), 'JSONDecodeError'),
        (dict(vertices=np.zeros((6, 12))), r'shape \(6, 12\)'),
        (dict(vertices=random_meshes(5)), r'arrays of \[5, 6\] images'),
        (dict(image_ids=['1'] * 6), 'arrays of'),
        (dict(attempts=np.array([1, 1, 0, 1, 1, 1])), 'not finite'),
        (dict(vertices=np.ones((6, 12, 3))), 'coincide'),
        (dict(vertices=np.array([{'a': 1}], dtype=object)), 'pickle'),
    ],
)
def test_a_damaged_file_is_refused(write, changes, said):
    with pytest.raises(InputError, match=f'meshes.npz: .*{said}.*anew'):
        MeshFile.read(write(**changes))


@pytest.mark.parametrize('bytes_', [b'', b'PK\x03\x04 cut', b'{"a": 1}'])
def test_another_kind_of_file_is_refused(tmp_path, bytes_):
    path = tmp_path / 'other.npz'
    path.write_bytes(bytes_)
    with pytest.raises(InputError, match=r'other.npz: no file of face meshes'):
        MeshFile.read(str(path))
