import cv2
import numpy as np
import pytest
import torch
from mmpose.registry import MODELS
from refusals import refused

from mmpose_ctd.apis import mesh_points
from mmpose_ctd.datasets import face_mesh
from mmpose_ctd.datasets.face_mesh import VIEWS, CropFrame, FaceMesh
from mmpose_ctd.errors import MissingFileError
from mmpose_ctd.models.teachers.face_landmarker_checkpoint import (
    convert_face_landmarker,
)


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """Random weights."""
    path = tmp_path_factory.mktemp('checkpoints') / 'face_landmarker.pth'
    torch.manual_seed(0)
    parts = dict(backbone='FaceLandmarkerV2', head='FaceLandmarkerV2Head')
    state = {
        f'{part}.{key}': value
        for part, kind in parts.items()
        for key, value in MODELS.build(dict(type=kind)).state_dict().items()
    }
    torch.save(dict(state_dict=state, meta={}), path)
    return path


def noise(height=300, width=320) -> np.ndarray:
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (height // 8, width // 8, 3))
    return cv2.resize(image.astype(np.uint8), (width, height))


def face(x, y, size, degrees) -> np.ndarray:
    """478 points in an ellipse, the eyes' corners where they belong."""
    random = np.random.default_rng(1)
    points = random.uniform(-0.4, 0.4, (478, 2)) * (0.8, 1)
    points[:4] = (-0.4, 0), (0.4, 0), (0, -0.5), (0, 0.5)
    points[33], points[263] = (-0.3, -0.2), (0.3, -0.2)
    turn = np.radians(degrees)
    matrix = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    plane = points @ np.transpose(matrix) * size + (x, y)
    return np.column_stack([plane, random.normal(size=478)])


def test_points_are_in_pixels_of_the_image(checkpoint):
    """Of a crop at full size they are the network's own, moved."""
    mesh, image = FaceMesh(checkpoint), noise()
    crop = image[20:276, 30:286]
    whole = CropFrame(128, 128, 256)
    (own,), (own_presence,) = mesh.look(crop, [whole])
    (ours,), (presence,) = mesh.look(image, [CropFrame(158, 148, 256)])
    np.testing.assert_allclose(ours, own + (30, 20, 0), atol=1e-3)
    assert presence == pytest.approx(own_presence)
    x = torch.from_numpy(crop[..., ::-1].copy()).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        trunk, head = mesh.parts
        points = head(trunk(x)).points[0].numpy()
    np.testing.assert_allclose(own, points, atol=1e-3)


def test_a_turned_crop_of_a_turned_image_gives_the_turned_points(checkpoint):
    mesh, image = FaceMesh(checkpoint), noise(256, 256)
    (upright,), _ = mesh.look(image, [CropFrame(127.5, 127.5, 200)])
    turned = np.ascontiguousarray(np.rot90(image, -1))  # Clockwise.
    frame = CropFrame(127.5, 127.5, 200, np.pi / 2)
    (points,), _ = mesh.look(turned, [frame])
    expected = np.column_stack([255 - upright[:, 1], upright[:, 0]])
    np.testing.assert_allclose(points[:, :2], expected, atol=0.5)
    np.testing.assert_allclose(points[:, 2], upright[:, 2], atol=0.5)


def test_a_large_photograph_is_reduced_to_the_same_place(checkpoint):
    mesh, image = FaceMesh(checkpoint), noise(256, 256)
    (small,), _ = mesh.look(image, [CropFrame(127.5, 127.5, 256)])
    large = cv2.resize(image, (2048, 2048), interpolation=cv2.INTER_NEAREST)
    (points,), _ = mesh.look(large, [CropFrame(1023.5, 1023.5, 2048)])
    np.testing.assert_allclose((points + 0.5) / 8 - 0.5, small, atol=1.0)


@pytest.mark.parametrize('degrees', [0, 30, -100])
def test_the_crop_around_points_is_centred_and_upright(degrees):
    points = face(100, 80, 60, degrees)
    frame = CropFrame.around_points(points)
    assert frame.x == pytest.approx(100) and frame.y == pytest.approx(80)
    assert frame.side == pytest.approx(1.5 * 60)
    assert np.degrees(frame.angle) == pytest.approx(degrees)
    # What the network would see: an upright face in the middle.
    matrix = frame.matrix()
    seen = (points[:, :2] - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    np.testing.assert_allclose(
        seen, face(128, 128, 256 / 1.5, 0)[:, :2], atol=1e-6
    )


def test_a_box_counts_from_the_corner_of_the_first_pixel():
    frame = CropFrame.around_box((10, 20, 40, 30))
    assert frame == CropFrame(29.5, 34.5, 60)


class Looks:
    """Stands for the network: a face whatever the crop; notes the crops."""

    def __init__(self, monkeypatch, presence=lambda look: 1.0):
        self.frames = []
        self.points = face(150, 140, 90, 20)
        self.presence = presence
        monkeypatch.setattr(FaceMesh, 'look', self)

    def __call__(self, image, frames):
        self.frames.append(frames)
        at = np.arange(len(frames), dtype=float)[:, None, None]
        likely = self.presence(len(self.frames))
        return self.points + at, np.full(len(frames), likely)


@pytest.mark.parametrize('looks', [1, 3])
def test_each_further_look_is_around_the_points(
    looks, checkpoint, monkeypatch
):
    seen = Looks(monkeypatch)
    box = (100, 90, 80, 80)
    found = FaceMesh(checkpoint).find(noise(), box=box, looks=looks)
    np.testing.assert_array_equal(found, seen.points)
    frames = [frame for (frame,) in seen.frames[:looks]]
    assert frames[0] == CropFrame.around_box(box)
    assert frames[1:] == [CropFrame.around_points(found)] * (looks - 1)


def test_without_a_detected_face_the_whole_image_is_looked_at(
    checkpoint, monkeypatch
):
    seen = Looks(monkeypatch)
    FaceMesh(checkpoint).find(np.zeros((200, 300, 3), np.uint8))
    assert seen.frames[0] == [CropFrame(149.5, 99.5, 300)]


def test_the_median_of_the_views_of_the_last_look_is_taken(
    checkpoint, monkeypatch
):
    seen = Looks(monkeypatch)
    found = FaceMesh(checkpoint).find(noise(), views=9)
    assert [len(frames) for frames in seen.frames] == [1, len(VIEWS)]
    np.testing.assert_array_equal(found, seen.points + 4)
    sides = {round(f.side / seen.frames[1][0].side, 3) for f in seen.frames[1]}
    assert sides == {1, round(1 / 0.9, 3), round(1 / 1.1, 3)}


def test_only_the_last_look_decides_whether_there_is_a_face(
    checkpoint, monkeypatch
):
    mesh = FaceMesh(checkpoint)
    Looks(monkeypatch, lambda look: 1.0 if look == 2 else 0.1)
    assert mesh.find(noise()) is not None
    assert mesh.find(noise()) is None


@pytest.mark.parametrize('share, found', [(0.3, 1), (0.9, 0)])
def test_points_that_turn_with_the_crop_are_no_face(
    share, found, checkpoint, monkeypatch
):
    """Crops are turned by 12 degrees: a fifth of a radian."""

    def look(self, image, frames):
        angles = [np.degrees(frame.angle) for frame in frames]
        points = [face(150, 140, 90, 20 + share * a) for a in angles]
        return np.stack(points), np.ones(len(frames))

    monkeypatch.setattr(FaceMesh, 'look', look)
    points = FaceMesh(checkpoint).find(noise(), looks=1, box=(50, 50, 80, 80))
    assert (points is not None) == found


@pytest.mark.parametrize(
    ('options', 'where'),
    [
        (dict(image='face.jpg'), 'image'),
        (dict(box=(1, 2, 3)), 'box'),
        (dict(box=(0, 0, -5, 10)), 'box'),
        (dict(box=(1000, 1000, 50, 50)), 'box'),
        (dict(looks=0), 'looks'),
        (dict(views=10), 'views'),
    ],
)
def test_wrong_arguments_are_named(options, where, checkpoint):
    with refused(f'FaceMesh.find: {where}'):
        FaceMesh(checkpoint).find(**{'image': noise(), **options})


def test_the_checkpoint_is_where_download_puts_it(
    checkpoint, monkeypatch, tmp_path
):
    monkeypatch.setenv('CTD_CHECKPOINTS', str(checkpoint.parent))
    seen = Looks(monkeypatch)
    np.testing.assert_array_equal(mesh_points(noise()), seen.points)
    monkeypatch.setenv('CTD_CHECKPOINTS', str(tmp_path))
    with refused(
        cure='mmpose_ctd download face-landmarker',
        within=face_mesh.CHECKPOINT,
        kind=MissingFileError,
    ):
        mesh_points(noise())


@pytest.mark.real_data
def test_real_faces_are_found_and_turn_with_the_photograph(
    shared_root, tmp_path
):
    convert_face_landmarker(
        shared_root / 'teachers' / 'face_landmarker_v2.task',
        tmp_path / 'v2.pth',
    )
    mesh = FaceMesh(tmp_path / 'v2.pth')
    paths = sorted(shared_root.glob('data/frl_faces/images/**/*.jpg'))[::120]
    for path in paths:
        image = cv2.imread(str(path))
        points = mesh.find(image)
        height, width = image.shape[:2]
        # The eyes are level, the right one at the left, within the image.
        right, left = points[33, :2], points[263, :2]
        assert abs(right[1] - left[1]) < 8
        assert 40 < left[0] - right[0] < 120
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 20, 0.8)
        turned = cv2.warpAffine(
            image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE
        )
        again = mesh.find(turned, looks=3)[:, :2]
        expected = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        assert np.linalg.norm(again - expected, axis=1).mean() < 1.5
        # Of a photograph that lies on its side it sees none. (Upside down it
        # sees a wrong one in one of twenty.)
        for turns in (1, 3):
            side = np.ascontiguousarray(np.rot90(image, turns))
            assert mesh.find(side) is None
    assert mesh.find(noise(256, 256)) is None
