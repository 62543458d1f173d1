"""From photographs to scores on the command line, without the network."""

import json
import re
import runpy
import sys

import cv2
import numpy as np
import pytest
from mesh_toys import LightFinder, lights, write_lit_set

from mmpose_ctd.models.teachers.face_landmarker_checkpoint import (
    convert_face_landmarker,
)
from projects.facemesh.face_meshes import find_meshes
from projects.facemesh.face_meshes.mesh_file import MeshFile

ANN = 'annotations/landmarks.json'


@pytest.fixture
def root(tmp_path):
    write_lit_set(tmp_path / 'set')
    return tmp_path / 'set'


@pytest.fixture
def light_finder(monkeypatch):
    monkeypatch.setattr(find_meshes, 'FaceMesh', LightFinder)


@pytest.fixture
def facemesh(monkeypatch, capsys, repo_root, root):
    tool = repo_root / 'projects' / 'facemesh' / 'facemesh.py'

    def facemesh(command, *arguments):
        given = [str(tool), command, '--data-root', root, '--ann-file', ANN]
        monkeypatch.setattr(sys, 'argv', [*map(str, [*given, *arguments])])
        status = 0
        try:
            runpy.run_path(str(tool), run_name='__main__')
        except SystemExit as end:
            status = end.code or 0
        said = capsys.readouterr()
        return status, said.out, said.err

    return facemesh


def centres(root):
    """Where the lights of each image are, by its record's id."""
    content = json.loads((root / ANN).read_text())
    found = {}
    for annotation in content['annotations']:
        p = np.reshape(annotation['keypoints'], (3, 3))[:, :2]
        # Of the landmarks (r+g)/2, (r+b)/2 and 1.5 b - 0.5 r.
        red = (3 * 2 * p[1] - 2 * p[2]) / 4
        found[annotation['image_id']] = np.stack(
            [red, 2 * p[0] - red, 2 * p[1] - red]
        )
    return found


def test_photographs_become_meshes_and_meshes_scores(
    facemesh, root, light_finder, tmp_path
):
    meshes, out = tmp_path / 'm.npz', tmp_path / 'new' / 'score.json'
    status, said, error = facemesh('mesh', '--out', meshes)
    assert status == 0, error
    assert '8 images, face landmarker V2, 9 views' in said
    assert 'found on 8' in said
    status, said, error = facemesh(
        'score',
        *('--mesh', meshes, '--method', 'vertex+ridge', '--out', out),
        *('--train', 'splits/train.txt', '--test', 'splits/test.txt'),
    )
    assert status == 0, error
    assert 'vertex+ridge, 5 training faces: ME' in said
    content = json.loads(out.read_text())
    truth = json.loads((root / ANN).read_text())['annotations'][5:]
    assert {r['image_id'] for r in content['keypoints']} == {
        annotation['image_id'] for annotation in truth
    }
    assert content['missing_test'] == content['missing_train'] == []
    assert f'{content["reports"][0]["metrics"]["ME"]["value"]:.3f}' in said
    assert str(root) not in out.read_text()
    assert 'subject' not in json.dumps(content['keypoints'])
    # What was written can be averaged with, and is then what it was.
    status, both, error = facemesh(
        'score',
        *('--mesh', meshes, '--method', 'vertex+ridge', '--out', out),
        *('--train', 'splits/train.txt', '--test', 'splits/test.txt'),
        *('--average-with', out, '--share', 0.25),
    )
    assert status == 0, error
    assert f'0.25 to average with {out}: ME' in both
    assert both.split(': ME')[1] == said.split(': ME')[1]
    assert json.loads(out.read_text())['share'] == 0.25


def test_vertices_are_pixels_of_the_image(
    facemesh, root, light_finder, tmp_path
):
    path = str(tmp_path / 'm.npz')
    status, _, error = facemesh('mesh', '--out', path, '--views', 3)
    assert status == 0, error
    file = MeshFile.read(path)
    assert file.views == 3
    for i, places in centres(root).items():
        found = file.vertices[file.rows[i]]
        np.testing.assert_allclose(found[:, :2], places, atol=0.1)
        np.testing.assert_allclose(found[:, 2], [0, 0.96, 1.92], rtol=0.01)


def test_faces_found_later_or_not_at_all_are_counted(
    facemesh, root, light_finder, tmp_path
):
    """One is cut off by the border, one dim, and one without any light."""
    places = np.array([[20.0, 40], [76, 40], [48, 61]])
    for name, picture in {
        0: lights(np.array([[0.0, 40], [88, 40], [48, 71]]), (96, 80)),
        1: lights(places, (96, 80), brightness=60),
        2: np.zeros((80, 96, 3), np.uint8),
    }.items():
        cv2.imwrite(str(root / 'images' / f'{name}.png'), picture)
    path = str(tmp_path / 'm.npz')
    status, said, error = facemesh('mesh', '--out', path)
    assert status == 0, error
    file = MeshFile.read(path)
    assert 'found on 6, of these on 1 only' in said and 'on 2 none' in said
    found = file.vertices[file.rows['picture 1']]
    np.testing.assert_allclose(found[:, :2], places, atol=0.5)
    status, said, error = facemesh(
        'score',
        *('--mesh', path, '--test', 'splits/test.txt'),
        *('--train', 'splits/train.txt'),
    )
    assert status == 0, error
    assert 'no face was found on 2 of 5 training images: left out' in said


PICTURE = np.zeros((60, 96, 3), np.uint8)


@pytest.mark.parametrize(
    'arguments, picture, said',
    [
        (['--checkpoint', 'nowhere.pth'], None, 'nowhere.pth: no file'),
        (['--out', 'm.json'], None, 'a name ending in .npz'),
        (['--views', '10'], None, '--views: 10; expected 1'),
        ([], b'no image', 'image id=picture 3: .*cannot be read'),
        (
            [],
            cv2.imencode('.png', PICTURE)[1].tobytes(),
            'id=picture 3: 96x60 pixels .* 96x80',
        ),
    ],
)
def test_what_is_wrong_is_told_in_a_line(
    facemesh, root, light_finder, tmp_path, arguments, picture, said
):
    if picture is not None:
        (root / 'images' / '3.png').write_bytes(picture)
    out = tmp_path / 'm.npz'
    status, _, error = facemesh('mesh', '--out', out, *arguments)
    assert status == 2
    line = error.strip().splitlines()[-1]
    assert line.startswith('error: ')
    assert re.search(said, line)
    assert not [*tmp_path.glob('m.*')]


def test_a_score_of_another_set_is_refused(
    facemesh, root, light_finder, tmp_path
):
    path = tmp_path / 'm.npz'
    assert facemesh('mesh', '--out', path)[0] == 0
    picture = root / 'images' / '6.png'
    picture.write_bytes((root / 'images' / '5.png').read_bytes())
    out = tmp_path / 'score.json'
    status, _, error = facemesh(
        'score',
        *('--mesh', path, '--out', out),
        *('--train', 'splits/train.txt', '--test', 'splits/test.txt'),
    )
    assert status == 2 and 'image id=6' in error
    assert not out.exists()


@pytest.mark.real_data
@pytest.mark.slow
def test_real_faces_are_met_far_better_than_by_the_mean_face(
    facemesh, root, shared_root, tmp_path
):
    checkpoint = tmp_path / 'face_landmarker.pth'
    convert_face_landmarker(
        shared_root / 'teachers' / 'face_landmarker_v2.task', checkpoint
    )
    faces = shared_root / 'data' / 'frl_faces'
    content = json.loads((faces / 'annotations/landmarks19.json').read_text())
    content['images'] = content['images'][::10]
    kept = {image['id'] for image in content['images']}
    content['annotations'] = [
        a for a in content['annotations'] if a['image_id'] in kept
    ]
    (root / ANN).write_text(json.dumps(content))
    for image in content['images']:
        name = image['file_name']
        (root / 'images' / name).symlink_to(faces / 'images' / name)
    subjects = [image['subject'] for image in content['images']]
    for name, lines in (('train', subjects[::2]), ('test', subjects[1::2])):
        (root / 'splits' / f'{name}.txt').write_text('\n'.join(lines))
    path, out = tmp_path / 'm.npz', tmp_path / 'score.json'
    status, said, error = facemesh(
        'mesh', '--out', path, '--checkpoint', checkpoint, '--views', 1
    )
    assert status == 0, error
    assert MeshFile.read(str(path)).vertices.shape[1:] == (478, 3)
    status, said, error = facemesh(
        'score',
        *('--mesh', path, '--out', out),
        *('--train', 'splits/train.txt', '--test', 'splits/test.txt'),
    )
    assert status == 0, error
    points = {
        a['image_id']: np.reshape(a['keypoints'], (-1, 3))[:, :2]
        for a in content['annotations']
    }
    ids = [image['id'] for image in content['images']]
    mean = np.mean([points[i] for i in ids[::2]], axis=0)
    mean_face = np.mean(
        [np.linalg.norm(points[i] - mean, axis=1) for i in ids[1::2]]
    )
    report = json.loads(out.read_text())['reports'][0]
    assert report['metrics']['ME']['value'] < mean_face / 3
