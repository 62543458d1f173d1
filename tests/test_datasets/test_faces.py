"""The detected face, and landmarks compared with it."""

import json

import cv2
import numpy as np
import pytest
from clinic_folder import make_clinic
from prepared_points import SIZE, codes, prepare_points
from refusals import refused

from mmpose_ctd.datasets.face_detection import detect_face, detect_faces
from mmpose_ctd.datasets.face_fit import fit_to_faces
from mmpose_ctd.datasets.landmark_file import LandmarkFile
from mmpose_ctd.datasets.preparation import picture
from mmpose_ctd.datasets.upright_image import read_upright


def test_an_image_without_a_face_and_no_image():
    for shape in ((1, 1, 3), (3, 4000, 3)):
        assert detect_face(np.full(shape, 90, np.uint8)) is None
    for shape, kind in (((30, 40), np.uint8), ((30, 40, 3), np.float32)):
        with refused(expected='uint8'):
            detect_face(np.zeros(shape, kind))


@pytest.mark.real_data
def test_a_quick_search_finds_the_largest_face_nearly_as_exactly(shared_root):
    """Also a small one, beside which there is no other."""
    folder = shared_root / 'data' / 'frl_faces' / 'images'
    for file in sorted(folder.iterdir())[:60:10]:
        face = cv2.imread(str(file))
        small = np.full((640, 600, 3), 128, np.uint8)
        small[300:400, 80:180] = cv2.resize(face, (100, 100))
        for image in (face, small):
            exact = detect_face(image)
            assert exact is not None
            quick = detect_face(image, quick=True)
            assert quick == pytest.approx(exact, abs=0.03 * exact[2])


def records(count):
    """Faces at several places and of several sizes, and their boxes."""
    random = np.random.default_rng(0)
    shape = random.uniform(-0.3, 0.3, (8, 2))
    points, faces = [], []
    for _ in range(count):
        width, centre = random.uniform(90, 130), random.uniform(180, 220, 2)
        points.append(
            centre + width * (shape + random.normal(0, 0.01, (8, 2)))
        )
        faces.append([(*(centre - width / 2), width, width)])
    return points, faces


def wrong(points, faces):
    fits = fit_to_faces(points, faces)
    return {i for i, fit in enumerate(fits) if fit is not None and fit.wrong}


@pytest.mark.parametrize('factor', [0.5, 0.75, 1.33, 2.0])
def test_records_of_another_size_are_wrong_and_no_others(factor):
    points, faces = records(12)
    assert not wrong(points, faces)
    points[3] = points[3] * factor
    points[7] = np.where(np.arange(8)[:, None] < 3, points[7] * factor, np.nan)
    assert wrong(points, faces) == {3, 7}


def test_the_best_of_several_faces_counts():
    points, faces = records(8)
    faces[2].insert(0, (0.0, 0.0, 60.0, 60.0))
    assert not wrong(points, faces)


def test_without_enough_faces_nothing_is_judged():
    points, faces = records(6)
    points[0] = points[0] * 0.5
    points[5] = np.full((8, 2), np.nan)
    assert wrong(points, faces) == {0}
    faces[1] = []
    assert fit_to_faces(points, faces) == [None] * 6


def test_prepare_leaves_such_records_out(tmp_path, monkeypatch):
    clinic = make_clinic(tmp_path / 'photos', count=8, size=SIZE)
    face = 0.2 * SIZE[0], 0.25 * SIZE[1], 0.6 * SIZE[0], 0.6 * SIZE[0]
    monkeypatch.setattr(picture, 'detect_faces', lambda image: [face])
    names = sorted(clinic)
    for i in (1, 4):
        clinic[names[i]] = clinic[names[i]] * 0.6
    report = prepare_points(tmp_path, clinic, crop='face')
    assert codes(report) == {2: 'unit', 5: 'unit'}
    assert report.exit_status == 1
    file = report.out / 'annotations/landmarks.json'
    kept = {i['file_name'] for i in json.loads(file.read_text())['images']}
    assert kept == {p.name for p in (report.out / 'images').iterdir()}
    assert len(kept) == 6


# ----------------------------------------------------------- real faces


@pytest.mark.real_data
def test_real_faces_fit_their_boxes(shared_root):
    root = shared_root / 'data' / 'frl_faces'
    file = LandmarkFile.read(str(root / 'annotations/landmarks19.json'))
    some = file.annotations[::10]
    names = [file.image_of(one)['file_name'] for one in some]
    faces = [
        detect_faces(cv2.imread(str(root / 'images' / name))) for name in names
    ]
    assert all(faces) and not wrong([*map(file.points, some)], faces)


@pytest.fixture(scope='module')
def photograph(shared_root):
    path = shared_root / 'data/frl_raw/inst/neutral_front/001_03.jpg'
    return read_upright(path)


@pytest.mark.real_data
def test_boxes_are_in_pixels_of_the_image(photograph):
    large = cv2.resize(photograph, None, fx=4, fy=4)
    found = np.array(detect_face(large)) / 4
    side = photograph.shape[1]
    assert np.allclose(found, detect_face(photograph), atol=side / 20)


@pytest.mark.real_data
def test_of_two_faces_the_larger_is_taken(photograph):
    image = cv2.resize(photograph, (600, 600))
    canvas = np.full((600, 1000, 3), 128, np.uint8)
    canvas[:, 400:] = image
    canvas[100:400, 50:350] = cv2.resize(image, (300, 300))
    x, _, width, _ = detect_face(canvas)
    assert x > 400
    assert width > 200


@pytest.mark.real_data
def test_a_face_that_fills_the_frame_is_found(photograph):
    x, y, width, height = map(round, detect_face(photograph))
    tight = photograph[y : y + height, x : x + width]
    again = detect_face(np.ascontiguousarray(tight))
    assert again is not None and again[2] > 0.7 * width
