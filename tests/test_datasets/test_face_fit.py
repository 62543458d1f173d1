"""Points clicked in another version of single photographs are found."""

import json

import cv2
import numpy as np
import pytest
from clinic_folder import make_clinic
from prepared_points import SIZE, codes, content_of, prepare_points

from mmpose_ctd.datasets.face_detection import detect_faces
from mmpose_ctd.datasets.face_fit import fit_to_faces
from mmpose_ctd.datasets.preparation import picture

FACTORS = [0.5, 0.6, 0.75, 1.33, 2.0]


def records(count, seed=0):
    """Faces at several places and of several sizes, and their boxes."""
    random = np.random.default_rng(seed)
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


@pytest.mark.parametrize('factor', FACTORS)
def test_records_of_another_size_are_wrong_and_no_others(factor):
    points, faces = records(12)
    assert not wrong(points, faces)
    points[3] = points[3] * factor
    points[7] = np.where(np.arange(8)[:, None] < 3, points[7] * factor, np.nan)
    assert wrong(points, faces) == {3, 7}


def test_of_several_faces_the_one_that_fits_counts():
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


@pytest.mark.parametrize('crop', ['face', 'landmarks', 'none'])
def test_prepare_leaves_such_records_out(tmp_path, monkeypatch, crop):
    clinic = make_clinic(tmp_path / 'photos', count=8, size=SIZE)
    face = 0.2 * SIZE[0], 0.25 * SIZE[1], 0.6 * SIZE[0], 0.6 * SIZE[0]
    monkeypatch.setattr(picture, 'detect_faces', lambda image: [face])
    names = sorted(clinic)
    for i in (1, 4):
        clinic[names[i]] = clinic[names[i]] * 0.6
    dry = prepare_points(tmp_path, clinic, crop=crop, dry_run=True)
    report = prepare_points(tmp_path, clinic, crop=crop)
    assert codes(report) == codes(dry) == {2: 'unit', 5: 'unit'}
    assert report.exit_status == 1
    kept = {i['file_name'] for i in content_of(report.out)['images']}
    assert kept == {p.name for p in (report.out / 'images').iterdir()}
    assert len(kept) == 6
    (tmp_path / 'set').rename(tmp_path / 'first')
    assert not codes(prepare_points(tmp_path, clinic, crop=crop, unit='px'))


@pytest.mark.real_data
def test_on_real_faces_planted_factors_are_found(shared_root):
    root = shared_root / 'data' / 'frl_faces'
    text = (root / 'annotations' / 'landmarks19.json').read_text()
    content = json.loads(text)
    files = {i['id']: i['file_name'] for i in content['images']}
    points, faces = [], []
    for annotation in content['annotations']:
        image = cv2.imread(
            str(root / 'images' / files[annotation['image_id']])
        )
        faces.append(detect_faces(image))
        values = np.reshape(annotation['keypoints'], (-1, 3))
        points.append(np.where(values[:, 2:] > 0, values[:, :2], np.nan))
    assert not wrong(points, faces)
    random = np.random.default_rng(0)
    for factor in FACTORS:
        chosen = {*random.choice(len(points), 60, replace=False).tolist()}
        other = [
            p * factor if i in chosen else p for i, p in enumerate(points)
        ]
        found = wrong(other, faces)
        recall = len(found & chosen) / len(chosen)
        print(factor, recall, len(found - chosen))
        assert found <= chosen and recall >= 0.95
