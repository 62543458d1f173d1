"""Mesh vertices as landmarks: names, partners, and the set that is written."""

import json

import cv2
import numpy as np
import pytest
from mesh_toys import LightFinder, write_lit_set

from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.datasets.landmark_names import flip_partners
from mmpose_ctd.errors import InputError
from projects.facemesh.face_meshes import find_meshes, mesh_set
from projects.facemesh.face_meshes.mesh_set import (
    FEATURE_VERTICES,
    mesh_landmark_names,
    write_mesh_set,
)

# Two pairs and two points of the midline; the image's left comes first.
SHAPE = np.array(
    [[-30, 0], [30, 1], [-12, 20], [11, 20], [0, 10], [1, 40]], float
)


@pytest.fixture(autouse=True)
def features(monkeypatch):
    """Which of the toy's vertices become landmarks."""

    def features(vertices):
        monkeypatch.setattr(mesh_set, 'FEATURE_VERTICES', vertices)

    features(range(len(SHAPE)))
    return features


def meshes(num=5, turn=0.0, seed=0):
    """One shape at several places and scales; (num, V, 3)."""
    rng = np.random.default_rng(seed)
    spin = np.exp(1j * turn)
    z = (SHAPE[:, 0] + 1j * SHAPE[:, 1]) * spin
    scale = rng.uniform(0.8, 1.2, (num, 1))
    moved = z * scale + 100 + 80j + rng.normal(0, 0.3, (num, len(SHAPE)))
    return np.stack([moved.real, moved.imag, 0 * moved.real], axis=-1)


@pytest.mark.parametrize('turn', [0.0, 0.1, -0.1])
def test_partners_share_a_number_and_know_their_side(turn):
    names = mesh_landmark_names(meshes(turn=turn))
    assert names[:4] == ['mesh_0_R', 'mesh_0_L', 'mesh_2_R', 'mesh_2_L']
    assert names[4:] == ['mesh_4', 'mesh_5']
    partners = flip_partners(names)
    assert [names.index(p) for p in partners] == [1, 0, 3, 2, 4, 5]


def test_a_vertex_without_its_partner_stays_itself(features):
    features([0, 1, 2, 4])
    names = mesh_landmark_names(meshes())
    assert names == ['mesh_0_R', 'mesh_0_L', 'mesh_2', 'mesh_4']


def test_the_features_are_vertices_of_both_sides():
    assert len({*FEATURE_VERTICES}) == len(FEATURE_VERTICES)
    # The mesh of 468 has them all, with and without refined eyes and lips.
    assert max(FEATURE_VERTICES) < 468


def images(num):
    return [
        dict(
            id=7 + i,
            file_name=f'{i}.jpg',
            width=200,
            height=160,
            subject=f's{i}',
            site='here',
        )
        for i in range(num)
    ]


def test_a_dataset_reads_the_points_of_the_meshes(tmp_path):
    (tmp_path / 'images').mkdir()
    for image in images(3):
        blank = np.zeros((160, 200, 3), np.uint8)
        cv2.imwrite(str(tmp_path / 'images' / image['file_name']), blank)
    found = meshes(3)
    found[1] = np.nan
    content = mesh_set.mesh_set(images(3), found)
    (tmp_path / 'mesh.json').write_text(json.dumps(content))
    dataset = CIFASDDataset('mesh.json', str(tmp_path), test_mode=True)
    assert dataset.metainfo['flip_indices'] == [1, 0, 3, 2, 4, 5]
    # Without a face there is nothing to learn.
    assert len(dataset) == 2
    for i, (number, mesh) in enumerate(((7, found[0]), (9, found[2]))):
        info = dataset.get_data_info(i)
        assert info['img_id'] == number and info['subject'] == f's{number - 7}'
        np.testing.assert_allclose(
            info['keypoints'][0], mesh[:, :2], atol=0.006
        )
        assert info['keypoints_visible'].all()
        np.testing.assert_array_equal(info['bbox'], [[0, 0, 200, 160]])


@pytest.fixture
def root(tmp_path, monkeypatch, features):
    """A labelled set, and photographs without labels."""
    monkeypatch.setattr(find_meshes, 'FaceMesh', LightFinder)
    features([0, 1, 2])
    root = tmp_path / 'set'
    write_lit_set(root)
    content = json.loads((root / 'annotations/landmarks.json').read_text())
    more = []
    for i, image in enumerate(content['images'][:2]):
        name = f'smiling{i}.png'
        picture = cv2.imread(str(root / 'images' / image['file_name']))
        cv2.imwrite(str(root / 'images' / name), picture)
        # Ids begin anew in the other file.
        more.append(dict(image, id=image['id'], file_name=name))
    smiling = root / 'annotations/unlabelled.json'
    smiling.write_text(json.dumps(dict(images=more)))
    return root


def write(root, files, out='annotations/mesh.json'):
    names = [f'annotations/{name}.json' for name in files]
    return write_mesh_set(str(root), names, out, views=1)


def test_photographs_without_labels_are_in_the_set(root):
    told = write(root, ['landmarks', 'unlabelled'])
    assert told.attempts.tolist() == [1] * 10
    content = json.loads((root / 'annotations/mesh.json').read_text())
    names = [image['file_name'] for image in content['images']]
    assert len({*names}) == 10 and 'smiling1.png' in names
    assert len({image['id'] for image in content['images']}) == 10
    labels = json.loads((root / 'annotations/landmarks.json').read_text())
    assert content['categories'] != labels['categories']
    # The same picture has the same mesh, whatever lists it.
    by_name = {
        image['file_name']: one['keypoints']
        for image, one in zip(content['images'], content['annotations'])
    }
    assert by_name['smiling0.png'] == by_name[names[0]]


def test_an_image_of_two_files_is_refused(root):
    with pytest.raises(InputError, match='listed twice'):
        write(root, ['landmarks', 'landmarks'])


@pytest.mark.parametrize('out', ['annotations/landmarks.json', 'mesh.txt'])
def test_labels_are_not_overwritten(root, out):
    before = (root / 'annotations/landmarks.json').read_bytes()
    with pytest.raises(InputError, match='another name'):
        write(root, ['landmarks'], out)
    assert (root / 'annotations/landmarks.json').read_bytes() == before
