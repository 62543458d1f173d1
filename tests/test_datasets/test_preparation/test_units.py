"""Coordinates that are no pixels are refused until their unit is stated."""

import json

import numpy as np
import pytest
from clinic_folder import NAMES, dotted, face_points, make_clinic
from clinic_formats import KINDS, SIZE, as_format
from numpy.testing import assert_allclose
from PIL import Image
from prepared_points import codes, prepare_points

from mmpose_ctd.datasets.annotation_formats import FORMATS
from mmpose_ctd.datasets.preparation import (
    PrepareOptions,
    picture,
    prepare,
    units,
)
from mmpose_ctd.datasets.preparation.units import in_pixels
from mmpose_ctd.errors import InputError

#: What a clinic's points are, in pixels, as one unit.
UNITS = {
    'share': np.array(SIZE),
    'percent': np.array(SIZE) / 100,
    'permille': np.array(SIZE) / 1000,
    '50': 50.0,
    '0.25': 0.25,
}


def scaled(clinic, unit):
    """Points of the format, of which (0, 0) is the centre of a pixel."""
    return {name: points / UNITS[unit] for name, points in clinic.items()}


def keypoints(report) -> np.ndarray:
    text = (report.out / 'annotations/landmarks.json').read_text()
    return np.array(
        [
            np.reshape(a['keypoints'], (-1, 3))[:, :2]
            for a in json.loads(text)['annotations']
        ]
    )


@pytest.fixture
def clinic(tmp_path):
    return make_clinic(tmp_path / 'photos', count=3, size=SIZE)


@pytest.mark.parametrize('unit', UNITS)
def test_a_unit_that_is_stated_gives_the_pixels(tmp_path, clinic, unit):
    options = dict(crop='none', size=None, unit=unit)
    points = scaled(clinic, unit)
    report = prepare_points(tmp_path, points, options)
    assert report.exit_status == 0
    assert_allclose(keypoints(report), [*clinic.values()], atol=1e-4)


@pytest.mark.parametrize('unit', UNITS)
def test_a_unit_that_is_not_stated_is_refused(tmp_path, clinic, unit):
    points = scaled(clinic, unit)
    with pytest.raises(InputError) as info:
        prepare_points(tmp_path, points)
    assert info.value.where == 'POINTS'
    assert '--unit' in info.value.cure
    assert not (tmp_path / 'set').exists()
    # Said to be pixels, those inside are taken as such.
    report = prepare_points(tmp_path, points, dict(unit='px'))
    assert set(codes(report).values()) <= {'outside', 'at 0, 0'}


@pytest.mark.parametrize('kind', KINDS)
def test_shares_are_refused_and_read_in_every_format(tmp_path, kind):
    clinic = make_clinic(tmp_path / 'photos', size=SIZE)
    # A point of the format itself, with its origin and direction of y.
    known = FORMATS['csv' if kind == 'long' else kind]
    raw = {}
    for name, points in clinic.items():
        pixels = points + known.first_pixel
        if known.y_up:
            pixels[:, 1] = SIZE[1] - 1 - points[:, 1] + known.first_pixel
        shares = pixels / SIZE
        if known.y_up:
            # What as_format writes for it is `shares` again.
            shares[:, 1] = SIZE[1] - shares[:, 1]
        raw[name] = shares - (0.5 if known.first_pixel == 0.5 else 0)
        if known.first_pixel == 1:
            raw[name] = shares - 1
    points, extra = as_format(kind, tmp_path / 'points', raw)

    def run(**options):
        return prepare(
            str(tmp_path / 'photos'),
            str(points),
            str(tmp_path / 'set'),
            PrepareOptions(crop='none', size=None, **options),
            progress=False,
            **extra,
        )

    with pytest.raises(InputError, match='--unit share'):
        run()
    assert_allclose(
        keypoints(run(unit='share')), [*clinic.values()], atol=1e-4
    )


@pytest.mark.parametrize('unit', ['share', 'percent', '50'])
def test_one_record_of_another_unit_is_left_out(tmp_path, clinic, unit):
    name = [*clinic][1]
    clinic[name] = clinic[name] / UNITS[unit]
    report = prepare_points(tmp_path, clinic)
    assert codes(report) == {2: 'unit'}
    assert report.exit_status == 1


@pytest.mark.parametrize('factor', [2, 10])
def test_points_of_a_larger_version_are_refused(tmp_path, clinic, factor):
    """Also where some of them lie inside by chance."""
    points = {name: p * factor for name, p in clinic.items()}
    points[[*points][0]] /= factor
    with pytest.raises(InputError, match='outside 2 of 3'):
        prepare_points(tmp_path, points)


def test_points_of_a_smaller_version_are_refused(tmp_path, clinic):
    with pytest.raises(InputError, match='corner'):
        prepare_points(tmp_path, {n: p / 2 for n, p in clinic.items()})


def test_aligned_shapes_are_refused(tmp_path, clinic):
    points = {}
    for name, p in clinic.items():
        centred = p - p.mean(axis=0)
        points[name] = centred / np.linalg.norm(centred)
    with pytest.raises(InputError, match='aligned shapes'):
        prepare_points(tmp_path, points)


def test_a_set_of_one_photograph_is_judged_as_well(tmp_path, clinic):
    name = [*clinic][0]
    points = {name: clinic[name] * 2}
    with pytest.raises(InputError, match='outside 1 of 1'):
        prepare_points(tmp_path, points, dry_run=True)
    assert prepare_points(tmp_path, points, dict(unit='0.5')).out


@pytest.mark.parametrize('factor', [0.6, 1.55])
def test_a_version_of_another_size_is_told_by_the_faces(
    tmp_path, clinic, monkeypatch, factor
):
    """Where neither a corner nor the edge gives it away."""
    face = 0.3 * SIZE[0], 0.3 * SIZE[1], 0.4 * SIZE[0], 0.4 * SIZE[1]
    monkeypatch.setattr(units, 'detect_face', lambda image: face)
    moved = {name: p * factor for name, p in clinic.items()}
    if factor > 1:
        moved = {name: np.minimum(p, SIZE) for name, p in moved.items()}
    with pytest.raises(InputError) as info:
        prepare_points(tmp_path, moved, dict(crop='none'))
    assert '--unit' in info.value.cure
    assert prepare_points(tmp_path, clinic, dict(crop='none')).out


def test_points_far_from_the_faces_that_are_found_are_refused(
    tmp_path, clinic, monkeypatch
):
    """Inside of the photograph, of which only the detector knows better."""
    face = 0.3 * SIZE[0], 0.3 * SIZE[1], 0.4 * SIZE[0], 0.4 * SIZE[1]
    monkeypatch.setattr(picture, 'detect_faces', lambda image: [face])
    options = dict(crop='face')
    points = {name: p * 1.5 for name, p in clinic.items()}
    with pytest.raises(InputError) as info:
        prepare_points(tmp_path, points, options)
    assert '--unit' in info.value.cure
    assert {p.name for p in tmp_path.iterdir()} == {'photos', 'points.csv'}
    assert prepare_points(tmp_path, clinic, options).out
    (tmp_path / 'set').rename(tmp_path / 'first')
    assert prepare_points(tmp_path, points, options | dict(unit='px')).out


def test_one_landmark_is_judged_as_well(tmp_path, clinic):
    (tmp_path / 'points.csv').write_text(
        'image,n_x,n_y\n'
        + ''.join(f'{n},{p[0, 0] / 320},0.4\n' for n, p in clinic.items())
    )
    with pytest.raises(InputError, match='--unit share'):
        prepare_points(tmp_path)


class TestWhatIsAccepted:
    def test_five_landmarks_around_one_eye(self, tmp_path):
        """12 pixels of 64: small pictures have small eyes."""
        size = (64, 64)
        clinic = make_clinic(tmp_path / 'photos', 3, size)
        for name in clinic:
            clinic[name] = np.array(
                [[20.0, 27], [32, 27], [26, 24], [26, 30], [24.0, 27]]
            )
        assert prepare_points(tmp_path, clinic).exit_status == 0

    @pytest.mark.parametrize('found', [True, False])
    def test_a_small_face_in_a_corner_if_it_is_found(
        self, tmp_path, monkeypatch, found
    ):
        size = (1200, 900)
        points = face_points((100, 120)) + (60, 40)
        (tmp_path / 'photos').mkdir()
        image = Image.fromarray(dotted(points, size))
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
            with pytest.raises(InputError, match='corner'):
                prepare_points(tmp_path, {'a.png': points})

    def test_shares_are_not_accepted_for_a_face(self, tmp_path, clinic):
        assert not units._shows_face(
            units._Extent(
                None,
                SIZE,
                False,
                clinic['child0_visit0.png'] / SIZE,
                clinic['child0_visit0.png'] / SIZE,
            ),
            str(tmp_path / 'photos/child0_visit0.png'),
            0,
            False,
        )


@pytest.mark.parametrize('unit', ['', 'cm', '0', '-1', 'nan', 'inf'])
def test_a_unit_that_is_not_known_is_refused(unit):
    with pytest.raises(InputError, match='--unit'):
        PrepareOptions(unit=unit)


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

    def run(unit):
        return prepare(
            str(tmp_path / 'photos'),
            str(tmp_path / 'a.tps'),
            str(tmp_path / 'set'),
            PrepareOptions(crop='none', size=None, unit=unit),
            landmarks=str(tmp_path / 'names.txt'),
            progress=False,
        )

    with pytest.raises(InputError, match='--unit scaled'):
        run(None)
    report = run('scaled')
    assert_allclose(keypoints(report), [*clinic.values()], atol=1e-4)


def test_a_ruler_is_in_the_unit_of_the_points():
    ends = np.array([[0.1, 0.5], [0.2, 0.5]])
    assert_allclose(
        in_pixels(ends, 'share', (400, 200), None), [[40, 100], [80, 100]]
    )


@pytest.mark.real_data
@pytest.mark.parametrize('chosen', ['all', 'right eye', 'mouth'])
def test_real_faces_are_accepted(tmp_path, shared_root, chosen):
    root = shared_root / 'data/frl_faces'
    content = json.loads((root / 'annotations/landmarks19.json').read_text())
    del content['images'][12:], content['annotations'][12:]
    names = content['categories'][0]['keypoints']
    if chosen == 'right eye':
        kept = [n for n in names if 'canth' in n and n.endswith('_R')]
    elif chosen == 'mouth':
        kept = [n for n in names if 'cheil' in n or 'labr' in n]
    else:
        kept = names
    assert kept
    (tmp_path / 'points.json').write_text(json.dumps(content))
    (tmp_path / 'names.txt').write_text('\n'.join(kept))
    report = prepare(
        str(root / 'images'),
        str(tmp_path / 'points.json'),
        str(tmp_path / 'set'),
        PrepareOptions(),
        landmarks=str(tmp_path / 'names.txt'),
        dry_run=True,
        progress=False,
    )
    assert report.exit_status == 0
