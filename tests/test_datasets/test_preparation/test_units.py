"""Coordinates that are not pixels are refused until the unit is stated."""

import json

import numpy as np
import pytest
from clinic_folder import NAMES, dotted, face_points, make_clinic
from clinic_formats import SIZE
from numpy.testing import assert_allclose
from PIL import Image
from prepared_points import codes, keypoints_of, prepare_points

from mmpose_ctd.datasets.preparation import picture, prepare, units
from mmpose_ctd.errors import InputError

#: What a clinic's points are, in pixels, as one unit.
UNITS = {
    'share': np.array(SIZE),
    'percent': np.array(SIZE) / 100,
    'permille': np.array(SIZE) / 1000,
    '50': 50.0,
}
WHOLE = dict(crop='none', size=None)
FACE = 0.3 * SIZE[0], 0.3 * SIZE[1], 0.4 * SIZE[0], 0.4 * SIZE[1]


@pytest.fixture
def clinic(tmp_path):
    return make_clinic(tmp_path / 'photos', count=3, size=SIZE)


def refused(tmp_path, clinic, found='', cure='--unit', **options):
    with pytest.raises(InputError) as error:
        prepare_points(tmp_path, clinic, **options)
    assert error.value.where == 'POINTS'
    assert found in error.value.found
    assert cure in error.value.cure
    assert not (tmp_path / 'set').exists()
    assert not (tmp_path / '.set.unfinished').exists()


@pytest.mark.parametrize('unit', UNITS)
def test_a_unit_is_refused_until_it_is_stated(tmp_path, clinic, unit):
    points = {name: p / UNITS[unit] for name, p in clinic.items()}
    refused(tmp_path, points)
    # Stated to be pixels, those inside are taken as pixels.
    report = prepare_points(tmp_path, points, unit='px', dry_run=True)
    assert set(codes(report).values()) <= {'outside', 'at 0, 0'}
    report = prepare_points(tmp_path, points, unit=unit, **WHOLE)
    assert report.exit_status == 0
    found = keypoints_of(report.out)[..., :2]
    assert_allclose(found, [*clinic.values()], atol=1e-4)


def test_one_record_of_another_unit_is_left_out(tmp_path, clinic):
    name = [*clinic][1]
    clinic[name] = clinic[name] / SIZE
    report = prepare_points(tmp_path, clinic)
    assert codes(report) == {2: 'unit'}


def test_points_of_another_version_and_aligned_shapes(tmp_path, clinic):
    larger = {name: p * 10 for name, p in clinic.items()}
    # Some of them may lie inside by chance.
    larger[[*larger][0]] /= 10
    refused(tmp_path, larger, 'outside 2 of 3')
    refused(tmp_path, {n: p / 2 for n, p in clinic.items()}, 'corner')
    shapes = {}
    for name, p in clinic.items():
        centred = p - p.mean(axis=0)
        shapes[name] = centred / np.linalg.norm(centred)
    refused(tmp_path, shapes, cure='aligned shapes')


def test_five_landmarks_around_one_eye_are_accepted(tmp_path):
    """12 pixels of 64: small pictures have small eyes."""
    clinic = make_clinic(tmp_path / 'photos', 2, (64, 64))
    eye = np.array([[20.0, 27], [32, 27], [26, 24], [26, 30], [24.0, 27]])
    points = dict.fromkeys(clinic, eye)
    assert prepare_points(tmp_path, points, dry_run=True).exit_status == 0


def test_a_set_of_one_photograph_or_one_landmark(tmp_path, clinic):
    name = [*clinic][0]
    points = {name: clinic[name] * 2}
    refused(tmp_path, points, 'outside 1 of 1', dry_run=True)
    assert prepare_points(tmp_path, points, unit='0.5', dry_run=True).used
    rows = [f'{n},{p[0, 0] / 320},0.4\n' for n, p in clinic.items()]
    (tmp_path / 'points.csv').write_text('image,n_x,n_y\n' + ''.join(rows))
    refused(tmp_path, None, cure='--unit share')
    rows[1:] = [f'{n},{x},{y}\n' for n, ((x, y), *_) in [*clinic.items()][1:]]
    (tmp_path / 'points.csv').write_text('image,n_x,n_y\n' + ''.join(rows))
    assert codes(prepare_points(tmp_path, dry_run=True)) == {1: 'unit'}


@pytest.mark.parametrize('factor', [0.6, 1.55])
def test_a_version_of_another_size_by_the_faces(
    tmp_path, clinic, monkeypatch, factor
):
    """If neither a corner nor the edge shows it."""
    monkeypatch.setattr(units, 'detect_face', lambda image: FACE)
    moved = {name: p * factor for name, p in clinic.items()}
    if factor > 1:
        moved = {name: np.minimum(p, SIZE) for name, p in moved.items()}
    refused(tmp_path, moved, crop='none')
    assert prepare_points(tmp_path, clinic, crop='none').out


def test_points_away_from_the_faces(tmp_path, clinic, monkeypatch):
    """Inside the photograph; only the detector shows it."""
    monkeypatch.setattr(picture, 'detect_faces', lambda image: [FACE])
    points = {name: p * 1.5 for name, p in clinic.items()}
    refused(tmp_path, points, crop='face')
    assert prepare_points(tmp_path, clinic, crop='face', dry_run=True).used
    assert prepare_points(tmp_path, points, crop='face', unit='px').out


@pytest.mark.parametrize('found', [True, False])
def test_a_small_face_in_a_corner_must_be_found(tmp_path, monkeypatch, found):
    points = face_points((100, 120)) + (60, 40)
    (tmp_path / 'photos').mkdir()
    image = Image.fromarray(dotted(points, (1200, 900)))
    image.save(tmp_path / 'photos/a.png')
    # The detector sees a part around the landmarks.
    monkeypatch.setattr(
        units,
        'detect_face',
        lambda part: (0, 0, *part.shape[1::-1]) if found else None,
    )
    if found:
        assert prepare_points(tmp_path, {'a.png': points}).out
    else:
        refused(tmp_path, {'a.png': points}, 'corner')


def test_scaled_coordinates_are_divided_by_their_scale(tmp_path):
    clinic = make_clinic(tmp_path / 'photos', 2, SIZE)
    (tmp_path / 'names.txt').write_text('\n'.join(NAMES))
    lines = []
    for scale, (image, points) in zip((0.1, 0.2), clinic.items()):
        rows = (points + 0.5) * (1, -1) + (0, SIZE[1])
        lines += [f'LM={len(points)}']
        lines += [f'{x:.9f} {y:.9f}' for x, y in rows * scale]
        lines += [f'IMAGE={image}', f'SCALE={scale}']
    (tmp_path / 'a.tps').write_text('\n'.join(lines))
    names = str(tmp_path / 'names.txt')
    options = dict(points='a.tps', landmarks=names, **WHOLE)
    refused(tmp_path, None, cure='--unit scaled', **options)
    lost = (tmp_path / 'a.tps').read_text().replace('SCALE=0.1', '')
    (tmp_path / 'b.tps').write_text(lost)
    report = prepare_points(
        tmp_path, unit='scaled', dry_run=True, **options | dict(points='b.tps')
    )
    assert codes(report) == {1: 'unit'}
    out = prepare_points(tmp_path, unit='scaled', **options).out
    found = keypoints_of(out)[..., :2]
    assert_allclose(found, [*clinic.values()], atol=1e-4)


@pytest.mark.real_data
@pytest.mark.parametrize('part', ['', 'canth'])
def test_real_faces_are_accepted(tmp_path, shared_root, part):
    root = shared_root / 'data/frl_faces'
    content = json.loads((root / 'annotations/landmarks19.json').read_text())
    del content['images'][5:], content['annotations'][5:]
    names = content['categories'][0]['keypoints']
    kept = [name for name in names if part in name]
    if part:
        kept = [name for name in kept if name.endswith('_R')]
    (tmp_path / 'points.json').write_text(json.dumps(content))
    (tmp_path / 'names.txt').write_text('\n'.join(kept))
    report = prepare(
        root / 'images',
        tmp_path / 'points.json',
        tmp_path / 'set',
        landmarks=str(tmp_path / 'names.txt'),
        dry_run=True,
    )
    assert report.exit_status == 0
    codes = {code for row in report.used for code, _ in row.notes}
    assert codes <= {'small'}
