"""Landmarks of unlabelled faces, from the dense landmarks of labelled ones."""

import cv2
import numpy as np
import pytest
from random_meshes import random_meshes
from refusals import refused

from mmpose_ctd.datasets import face_mesh
from mmpose_ctd.datasets.mesh_labels import label_by_mesh
from mmpose_ctd.datasets.transforms import FindMeshBox, LoadLandmarkImage

VERTICES = [3, 7]
# Pixels from the second vertex; site b's annotator places it lower.
OFFSETS = dict(a=0.0, b=4.0)


@pytest.fixture
def faces(tmp_path, monkeypatch):
    """20 infos; the mesh of image i is the i-th, and image 13 has none."""
    meshes = random_meshes(20)
    # Of one size and upright, so an offset is the same on all.
    meshes = meshes[:1] + 2 * np.random.default_rng(0).normal(size=(20, 12, 3))
    infos = []
    for i, mesh in enumerate(meshes):
        path = str(tmp_path / f'{i}.png')
        cv2.imwrite(path, np.full((8, 8, 3), i, np.uint8))
        site = 'ab'[i % 2]
        points = mesh[VERTICES, :2] + [[0, 0], [0, OFFSETS[site]]]
        infos.append(
            dict(
                img_path=path,
                img_id=i,
                subject=f's{i}',
                site=site,
                keypoints=points[None],
                keypoints_visible=np.ones((1, 2)),
            )
        )

    def find(image, **_):
        i = int(image[0, 0, 0])
        return None if i == 13 else meshes[i]

    monkeypatch.setattr(face_mesh, 'mesh_points', find)
    return infos


def without_labels(info, **changes):
    zeros = np.zeros((1, 2, 2)), np.zeros((1, 2))
    return (
        info | dict(zip(('keypoints', 'keypoints_visible'), zeros)) | changes
    )


def test_faces_get_the_vertices_that_labels_follow(faces):
    others = [without_labels(info) for info in faces[12:]]
    found = label_by_mesh(faces[:12], others)
    # Nobody sees a face on image 13.
    assert [info['img_id'] for info in found] == [12, *range(14, 20)]
    for info in found:
        true = faces[info['img_id']]['keypoints']
        np.testing.assert_allclose(info['keypoints'], true, atol=1.0)
        assert info['keypoints_visible'].all()


def test_a_face_of_another_site_gets_the_mean_of_all(faces):
    others = [without_labels(faces[14], site=site) for site in ('a', 'b', 'c')]
    label_by_mesh(faces[:12], others)
    lower = [info['keypoints'][0, 1, 1] for info in others]
    assert lower[0] < lower[2] < lower[1]


def test_a_landmark_that_nobody_has_stays_invisible(faces):
    for info in faces[:12]:
        info['keypoints_visible'][0, 1] = 0
    (other,) = label_by_mesh(faces[:12], [without_labels(faces[14])])
    assert other['keypoints_visible'].tolist() == [[1, 0]]
    assert np.isfinite(other['keypoints']).all()


def test_nothing_is_fitted_to_a_single_face(faces):
    with refused(within='mesh_labels'):
        label_by_mesh([faces[0], faces[13]], [without_labels(faces[1])])


def test_faces_are_not_searched_again_for_their_boxes(faces, monkeypatch):
    def box(info):
        results = LoadLandmarkImage()(dict(img_path=info['img_path']))
        whole = np.float32([[0, 0, 8, 8]])
        return FindMeshBox()(results | dict(bbox=whole))['bbox']

    before = [box(info) for info in faces]
    FindMeshBox._squares.clear()
    label_by_mesh(faces[:12], [without_labels(info) for info in faces[12:]])
    monkeypatch.setattr(face_mesh, 'mesh_points', None)
    np.testing.assert_array_equal([box(info) for info in faces], before)
