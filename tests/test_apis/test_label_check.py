"""Misplaced points are found, by what did not see their labels."""

import csv
import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmark_set import NAMES, landmark_content, write_landmark_set
from random_meshes import random_meshes
from refusals import refused

from mmpose_ctd.apis.label_check import check_labels, cross_fitted, judge
from mmpose_ctd.errors import InputError, MissingFileError

PEOPLE = np.array([f's{i // 2}' for i in range(30)])


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10**6),
    st.floats(0.2, 20),
    st.tuples(st.floats(-9, 9), st.floats(-9, 9)),
)
def test_a_moved_point_comes_first_whatever_all_have_in_common(
    seed, scale, offset
):
    random = np.random.default_rng(seed)
    face = np.array([[0, 0], [90, 5], [45, 60], [40, 110]])
    expected = face + random.normal(0, 2, (40, 4, 2))
    points = expected + random.normal(0, 1, (40, 4, 2))
    # A landmark that is hard to place, and one that this set puts elsewhere.
    points[:, 1] += random.normal(0, 3, (40, 2))
    points[:, 2] += offset
    points[7, 3] += (0, 12)
    points[8, 0] = np.nan
    # Faces of another size, such as other pictures.
    sizes = np.where(np.arange(40) % 2, 1, scale)[:, None, None]
    places, deviations, _ = judge(points * sizes, expected * sizes)
    assert np.isnan(deviations[8, 0]) and np.isnan(deviations).sum() == 1
    first = np.unravel_index(np.nanargmax(deviations), deviations.shape)
    assert first == (7, 3)
    assert np.nanmedian(deviations, axis=0) == pytest.approx(1.177, abs=0.4)
    apart = (points * sizes - places) / sizes
    np.testing.assert_allclose(np.nanmedian(apart[:, 2], axis=0), 0, atol=0.01)


def test_equal_points_are_no_division_by_zero():
    points = np.tile(np.arange(8.0).reshape(1, 4, 2), (12, 1, 1))
    _, deviations, _ = judge(points, points)
    np.testing.assert_array_equal(deviations, 0)


def test_a_label_has_no_part_in_where_its_subject_is_expected():
    meshes = random_meshes(30)
    points = meshes[:, :3, :2] + np.random.default_rng(1).normal(
        size=(30, 3, 2)
    )
    before = cross_fitted(meshes, points, PEOPLE, [''] * 30)
    moved = points.copy()
    moved[:2] += 500
    after = cross_fitted(meshes, moved, PEOPLE, [''] * 30)
    np.testing.assert_array_equal(after[:2], before[:2])
    assert not np.allclose(after, before)
    # The mesh says where a vertex is.
    assert np.median(np.linalg.norm(before - points, axis=2)) < 3


def test_without_a_mesh_a_face_neither_teaches_nor_is_judged():
    meshes = random_meshes(30)
    points = meshes[:, :3, :2].copy()
    meshes[4], points[4] = np.nan, 1e6
    found = cross_fitted(meshes, points, PEOPLE, [''] * 30)
    assert np.isnan(found[4]).all()
    rest = np.arange(30) != 4
    np.testing.assert_allclose(found[rest], points[rest], atol=1e-6)


# ------------------------------------------------------------- a whole set


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A set whose image 5 has a point misplaced by 9 px, and predictions."""
    monkeypatch.setenv('CTD_CHECKPOINTS', str(tmp_path / 'no checkpoints'))
    content = landmark_content(24, size=(128, 96))
    random = np.random.default_rng(3)
    results = []
    for one in content['annotations']:
        values = np.reshape(one['keypoints'], (-1, 3)).astype(float)
        values[:, :2] += random.normal(0, 0.7, (4, 2))
        keypoints = values.ravel().tolist()
        results.append(dict(image_id=one['image_id'], keypoints=keypoints))
    content['annotations'][4]['keypoints'][6] += 9.0
    content['images'][4]['file_name'] = 'Müller.png'
    write_landmark_set(tmp_path / 'set', content)
    (tmp_path / 'a.json').write_text(json.dumps(results[:10]))
    (tmp_path / 'b.json').write_text(json.dumps(results[10:]))
    return tmp_path


def test_trained_models_judge_photographs_that_did_not_train_them(place):
    files = [str(place / name) for name in ('a.json', 'b.json')]
    found = check_labels(place / 'set', predictions=files)
    assert (found.photographs, found.judged) == (24, 24)
    first = found.points[0]
    assert (first.photo.number, first.landmark) == ('5', NAMES[2])
    assert first.distance == pytest.approx(9, abs=2.5)
    assert len(found.points) == 24 * 4
    ranked = [one.deviations for one in found.points]
    assert ranked == sorted(ranked, reverse=True)


def test_sheets_and_table_show_the_first_points_without_names(place):
    files = [str(place / name) for name in ('a.json', 'b.json')]
    found = check_labels(place / 'set', predictions=files)
    out = place / 'out'
    found.write(out, looks=41)
    assert found.write(out, looks=23) == [
        'points.csv',
        'sheet_01.png',
        'sheet_02.png',
    ]
    assert {path.name for path in out.iterdir()} == {
        'points.csv',
        'sheet_01.png',
        'sheet_02.png',
    }
    sheets = [cv2.imread(str(out / f'sheet_0{i}.png')) for i in (1, 2)]
    # Four rows of five crops, and one row of three.
    assert sheets[0].shape[0] > 3 * sheets[1].shape[0]
    assert sheets[0].shape[1] > 1.5 * sheets[1].shape[1]
    with open(out / 'points.csv', newline='') as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == 23
    assert (rows[0]['image'], rows[0]['landmark']) == ('5', NAMES[2])
    label, goal = (
        np.array([float(rows[0][f'{key}{axis}']) for axis in 'xy'])
        for key in ('', 'expected_')
    )
    apart = float(rows[0]['distance_px'])
    assert np.linalg.norm(label - goal) == pytest.approx(apart, abs=0.02)
    assert 'Müller' not in (out / 'points.csv').read_text()
    found.write(out, looks=1, show_ids=True)
    assert 'Müller' in (out / 'points.csv').read_text()


def test_what_cannot_be_judged_is_refused(place):
    root, one = place / 'set', str(place / 'a.json')
    with refused(cure='face-landmarker', kind=MissingFileError):
        check_labels(root)
    with pytest.raises(InputError) as error:
        check_labels(root, predictions=[one])
    assert error.value.found.startswith('faces of 5 subjects')
    for change in (dict(image_id=77), dict(keypoints=[1, 2, 3])):
        content = [json.loads((place / 'a.json').read_text())[0] | change]
        (place / 'c.json').write_text(json.dumps(content))
        with refused(within='c.json'):
            check_labels(root, predictions=[str(place / 'c.json')])
