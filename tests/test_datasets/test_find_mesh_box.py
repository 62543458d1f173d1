"""Cropping to the dense landmarks of a face."""

import numpy as np
import pytest
from mmengine.config import Config
from mmpose.registry import TRANSFORMS

import mmpose_ctd.datasets.face_mesh as face_mesh
from mmpose_ctd.datasets import face_detection
from mmpose_ctd.framing import check_framing, merge_options
from mmpose_ctd.input_framing import FACE_MARK, describe, input_framing


@pytest.fixture
def found(monkeypatch):
    """The box in which the network finds a face."""
    # Extents of 60 and 100 pixels around (70, 90), centres of pixels.
    points = np.zeros((478, 3))
    points[0, :2], points[1:, :2] = (39.5, 39.5), (99.5, 139.5)
    state = {}

    def mesh_points(image, box=None, checkpoint=None):
        state['box'] = box
        return points

    monkeypatch.setattr(face_mesh, 'mesh_points', mesh_points)
    return state


def find(corners=(0, 0, 200, 200), **arguments) -> dict:
    image = np.zeros((200, 200, 3), np.uint8)
    finder = TRANSFORMS.build(dict(type='FindMeshBox', **arguments))
    return finder(dict(img=image, bbox=np.float32([corners])))


def test_the_square_has_the_faces_centre_and_longer_extent(found):
    results = find(side=1.5)
    np.testing.assert_allclose(results['bbox'], [[-5, 15, 145, 165]])
    assert results[FACE_MARK] == dict(mesh_side=1.5)


@pytest.mark.parametrize(
    'corners, start',
    [
        ((0, 0, 200, 200), None),
        ((0, 0, 199, 199), None),
        ((100, 20, 190, 180), (120.0, 40.0, 50.0, 50.0)),
        # The detector sees no face there.
        ((0, 100, 60, 190), (0, 100, 60, 90)),
    ],
)
def test_a_part_of_the_image_says_whose_face(
    found, monkeypatch, corners, start
):
    faces = [(10.0, 10.0, 80.0, 80.0), (120.0, 40.0, 50.0, 50.0)]
    monkeypatch.setattr(face_detection, 'detect_faces', lambda _: faces)
    find(corners)
    assert found['box'] == start


def test_the_framing_names_the_side(repo_root):
    cfg = Config.fromfile(repo_root / 'configs' / 'frl_faces' / 'best.py')
    merge_options(cfg, {'framing.input_size': 128, 'framing.face_side': 1.3})
    check_framing(cfg)
    for loader in ('train', 'val', 'test'):
        framing = input_framing(cfg[f'{loader}_dataloader'].dataset)
        assert framing['mesh_side'] == 1.3
        assert framing['input_size'] == [128, 128]
        assert not framing.keys() & {'face_side', 'crop'}
        assert '1.3' in describe(framing)
    merge_options(cfg, {'framing.face_side': 0})
    framing = input_framing(cfg.test_dataloader.dataset)
    assert framing['crop'] == 'image' and 'mesh_side' not in framing
