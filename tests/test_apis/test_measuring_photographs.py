"""A folder of photographs, measured by a model that cannot err."""

import os
import types
import weakref

import cv2
import numpy as np
import pytest
from measuring_toys import (
    NAMES,
    POINTS,
    SIZE,
    boxes,
    measured,
    photograph,
    spot_calibration,
    uncalibrated,
)
from PIL import Image
from refusals import refused

from mmpose_ctd.apis.measuring import photographs
from mmpose_ctd.apis.measuring.calibration import Judgement
from mmpose_ctd.apis.measuring.error_model import SPREADS
from mmpose_ctd.apis.measuring.framing import Frame
from mmpose_ctd.apis.measuring.photographs import list_photographs
from mmpose_ctd.apis.measuring.rows import FaceRows
from mmpose_ctd.apis.measuring.user_tables import Subject
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.evaluation.functional.measurements import (
    standard_measurements,
)

FISSURE = 'palpebral_fissure_length_R'


def points_of(row):
    return np.array([[row[f'{n}_{axis}_px'] for axis in 'xy'] for n in NAMES])


def resized(image, factor):
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=way)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / 'images'
    folder.mkdir()
    return folder


@pytest.fixture
def face(folder):
    """A folder with one photograph, a.png."""
    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS))
    return folder


# ----------------------------------------------------------- the landmarks


def test_landmarks_are_pixels_of_the_upright_photograph(face):
    upright = Image.fromarray(photograph(POINTS)[:, :, ::-1])
    # What the camera stores is the inverse of what viewers do.
    stored = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}
    for orientation, way in stored.items():
        exif = Image.Exif()
        exif[0x112] = orientation
        upright.transpose(way).save(face / f'{orientation}.png', exif=exif)
    for row in measured(face, start='image').values():
        np.testing.assert_allclose(points_of(row), POINTS, atol=0.1)
        assert row['status'] == 'measured' and row['remarks'] == ''
        assert (row['width_px'], row['height_px']) == (200, 160)
        # It was framed as the training faces are.
        assert row['frame_px'] == pytest.approx(100, abs=2)
        assert row[f'{FISSURE}_px'] == pytest.approx(25, abs=0.1)


@pytest.mark.parametrize(
    ('factor', 'place'), [(0.6, (0, 0)), (5, (200, 90)), (0.6, (30, 160))]
)
def test_size_of_the_photograph_and_place_of_the_face_do_not_matter(
    folder, monkeypatch, factor, place
):
    """From a crude box; errors are of the network's pixels."""
    picture = resized(photograph(POINTS), factor)
    height, width = picture.shape[:2]
    image = np.full((2 * height, 2 * width, 3), 128, np.uint8)
    x, y = (round(v * factor) for v in place)
    image[y : y + height, x : x + width] = picture
    cv2.imwrite(str(folder / 'a.png'), image)
    size = 60 * factor
    boxes(monkeypatch, (x + 75 * factor, y + 50 * factor, size, size))
    row = measured(folder, start='face')['a.png']
    expected = (POINTS + 0.5) * factor - 0.5 + (x, y)
    error = np.abs(points_of(row) - expected).max()
    assert error < 0.15 * max(1, 100 * factor / SIZE)


def test_intervals_grow_with_the_face_and_have_the_closed_form(face):
    big = cv2.resize(photograph(POINTS), None, fx=3, fy=3)
    cv2.imwrite(str(face / 'b.png'), big)
    rows = measured(face, start='image', mm_per_px=0.5)
    for name, scale in (('a.png', 1), ('b.png', 3)):
        row = rows[name]
        pixel = row['frame_px'] / SIZE
        assert row['subnasale_sd_px'] == pytest.approx(0.5 * pixel, abs=0.01)
        low, high = (row[f'{FISSURE}_px_{end}'] for end in ('low95', 'high95'))
        # Two ends of 0.5 input px each, 2.4 SDs to each side.
        expected = 2 * 2.4 * 0.5 * np.sqrt(2) * pixel
        assert high - low == pytest.approx(expected, rel=0.01)
        assert (high + low) / 2 == pytest.approx(25 * scale, abs=0.3)
        assert row[f'{FISSURE}_mm'] == pytest.approx(
            0.5 * row[f'{FISSURE}_px']
        )
        assert row['mm_per_px'] == 0.5


# ---------------------------------------------------------------- statuses


@pytest.mark.parametrize('width, check', [(29, 0), (30, 1)])
def test_a_second_face_of_comparable_size_is_to_be_checked(
    face, monkeypatch, width, check
):
    boxes(monkeypatch, (75, 50, 60, 60), (0, 0, width, width))
    row = measured(face)['a.png']
    assert row['faces'] == 2 and row['start'] == 'face'
    assert row['status'] == ('check' if check else 'measured')
    assert ('another face' in row['remarks']) == check
    assert '2 faces: the largest is measured' in row['remarks']
    np.testing.assert_allclose(points_of(row), POINTS, atol=0.1)


def test_without_a_face_nothing_is_measured(face, monkeypatch):
    boxes(monkeypatch)
    cv2.imwrite(str(face / 'grey.png'), np.full((90, 80, 3), 128, 'u1'))
    auto, at_face = measured(face), measured(face, start='face')
    for row in (auto['grey.png'], at_face['grey.png'], at_face['a.png']):
        assert row['status'] == 'no face found'
        assert row['remarks'] and row['start'] is None
        assert not any(row[t] for t in row if t.endswith(('_x_px', 'R_px')))
    # The whole image looks like a face: it is measured, with a remark.
    assert auto['a.png']['status'] == 'measured'
    assert 'no face detected' in auto['a.png']['remarks']


def test_a_detected_face_that_is_none_is_flagged_without_intervals(
    folder, monkeypatch
):
    cv2.imwrite(str(folder / 'a.png'), np.full((90, 80, 3), 128, 'u1'))
    boxes(monkeypatch, (10, 10, 50, 50))
    row = measured(folder)['a.png']
    assert row['status'] == 'check'
    assert 'image differs' in row['remarks']
    assert 'hardly seen: exocanthion_R' in row['remarks']
    assert row[f'{FISSURE}_px'] == 0
    assert row[f'{FISSURE}_px_low95'] is None
    assert row['subnasale_sd_px'] is None


def test_an_upside_down_face_is_flagged(folder):
    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS)[::-1, ::-1])
    row = measured(folder, start='image')['a.png']
    assert row['status'] == 'check'
    assert 'head is turned in the plane' in row['remarks']
    assert abs(row['roll_deg']) > 150


@pytest.fixture
def one_face():
    """Makes the row of a face with these points, framed 128 px wide."""

    def make(points, names=NAMES, calibrated=True, ages=(), **subject):
        rows = FaceRows(
            types.SimpleNamespace(
                names=names,
                measurements=standard_measurements(names),
                input_size=(SIZE, SIZE),
            ),
            spot_calibration() if calibrated else None,
            mm='mm_per_px' in subject,
            ages=ages,
        )
        usual = Judgement(dict(appearance=0.5, shape=0.5, roll=0.0), [])
        return rows.make(
            points,
            Frame(0, 0, 128, 128),
            dict.fromkeys(SPREADS, np.ones((1, len(names)))),
            usual if calibrated else None,
            Subject(**subject),
            (300, 300),
        ).row

    return make


@pytest.mark.parametrize('calibrated', [True, False])
@pytest.mark.parametrize('eyes', [90, 4475, 20])
def test_an_absurd_scale_is_to_be_checked_and_gives_no_mm(
    one_face, calibrated, eyes
):
    names = ['exocanthion_R', 'exocanthion_L', 'subnasale']
    width = np.linalg.norm(POINTS[0] - POINTS[1])
    row = one_face(POINTS, names, calibrated, mm_per_px=eyes / width)
    absurd = eyes != 90
    status = 'measured' if calibrated else 'uncalibrated'
    assert row['status'] == ('check' if absurd else status)
    distance = 'outer_canthal_distance'
    assert row[f'{distance}_px'] == pytest.approx(width, abs=0.01)
    assert (row[f'{distance}_mm'] is None) == absurd
    low = row.get(f'{distance}_px_low95')
    assert (low is not None) == (calibrated and not absurd)
    assert (f'outer eye corners are {eyes} mm' in row['remarks']) == absurd


def test_a_measure_that_may_be_0_is_remarked(one_face):
    names = ['exocanthion_R', 'exocanthion_L', 'endocanthion_L']
    # Three pixels apart; the interval has 3.4 to each side.
    row = one_face(np.array([(20, 40), (83, 40), (80, 40.0)]), names)
    assert row['status'] == 'measured'
    (zero,) = [t for t, v in row.items() if t.endswith('_low95') and v == 0]
    name = zero.removesuffix('_px_low95')
    assert row['remarks'] == f'95 % interval reaches 0: {name}'
    # Of most measures.
    row = one_face(np.array([(20, 40), (23, 40), (30, 90.0)]))
    assert row['status'] == 'imprecise'
    assert row[f'{FISSURE}_px_low95'] == 0


@pytest.mark.parametrize('side, status', [(31, 'check'), (33, 'measured')])
def test_a_face_of_few_pixels_is_to_be_checked(
    folder, monkeypatch, side, status
):
    """The network sees 64 pixels."""
    picture = resized(photograph(POINTS), side / 100)
    cv2.imwrite(str(folder / 'a.png'), picture)
    row = measured(folder, start='image')['a.png']
    assert abs(row['frame_px'] - side) <= 1
    assert row['status'] == status
    assert ('few pixels' in row['remarks']) == (status == 'check')


@pytest.mark.parametrize(
    'place, outside',
    [
        ((299.4, 10), False),
        ((299.6, 10), True),
        ((-0.6, 10), True),
        ((10, 300), True),
    ],
)
def test_a_landmark_outside_the_photograph_is_to_be_checked(
    one_face, place, outside
):
    points = POINTS.copy()
    points[2] = place
    row = one_face(points)
    assert row['status'] == ('check' if outside else 'measured')
    assert ('outside the photograph: subnasale' in row['remarks']) == outside


@pytest.mark.parametrize(
    'trained, age, unknown',
    [
        ([20, 21, 60], 40.0, True),
        ([20, 21, 60], 18.0, False),
        ([4, 5, 6], 8.6, False),
        ([4, 5, 6], 9.0, True),
        ([], 5.0, False),
        ([20], None, False),
    ],
)
def test_an_age_that_no_training_face_had_is_to_be_checked(
    one_face, trained, age, unknown
):
    row = one_face(POINTS, ages=trained, age=age)
    assert row['status'] == ('check' if unknown else 'measured')
    assert ('no training face' in row['remarks']) == unknown


def test_a_turned_photograph_is_called_turned(face, monkeypatch):
    """The detector sees the face where it is upright."""
    upright = cv2.imread(str(face / 'a.png'))
    seen = [(upright, 9)]

    def detect(image):
        found = (side for one, side in seen if np.array_equal(image, one))
        return [(0, 0, side, side) for side in found]

    monkeypatch.setattr(photographs, 'detect_faces', detect)
    for name, turns in (('left', -1), ('right', 1), ('upside', 2)):
        cv2.imwrite(str(face / f'{name}.png'), np.rot90(upright, turns))
    cv2.imwrite(str(face / 'other.png'), np.full((90, 80, 3), 128, 'u1'))
    rows = measured(face, start='face')
    for name in ('left', 'right', 'upside'):
        row = rows[f'{name}.png']
        assert row['status'] == 'no face found'
        assert 'is turned' in row['remarks'] and name in row['remarks']
    assert 'is turned' not in rows['other.png']['remarks']
    # Upside down, it may find a smaller, false face.
    seen.append((np.rot90(upright, 2), 4))
    rows = measured(face, start='face')
    for way in ('left', 'right'):
        assert f'turn it {way}' in rows[f'{way}.png']['remarks']


def test_a_start_that_cannot_be_is_refused(face):
    with refused('--framing face'):
        measured(face, face_box=None, start='face')
    for options in (
        dict(start='nose'),
        dict(mm_per_px=0.0),
        dict(mm_per_px=np.nan),
    ):
        with pytest.raises(InputError):
            measured(face, **options)
    # Without the detector all searches start with the whole image.
    assert measured(face, face_box=None)['a.png']['start'] == 'image'


def test_without_calibration_faces_are_framed_as_in_training(
    folder, monkeypatch
):
    image = np.full((500, 600, 3), 128, np.uint8)
    image[200:360, 300:500] = photograph(POINTS)
    cv2.imwrite(str(folder / 'a.png'), image)
    boxes(monkeypatch, (375, 250, 60, 60))
    row = uncalibrated(folder, monkeypatch)['a.png']
    assert row['status'] == 'uncalibrated'
    assert not any('95' in title for title in row)
    np.testing.assert_allclose(points_of(row), POINTS + (300, 200), atol=0.1)
    assert row['frame_px'] == pytest.approx(100, abs=2)
    # Nothing says that an image without detected face is one.
    boxes(monkeypatch)
    row = uncalibrated(folder, monkeypatch)['a.png']
    assert row['status'] == 'no face found'


def test_rows_of_subfolders_that_are_not_read_are_said(face, tmp_path, capsys):
    (face / 'sub').mkdir()
    cv2.imwrite(str(face / 'sub' / 'b.png'), photograph(POINTS))
    table = tmp_path / 'table.csv'
    table.write_text('file,age\na.png,3\nsub/b.png,4\n')
    measured(face, start='image', table=str(table), recursive=False)
    assert '--recursive' in capsys.readouterr().err
    measured(face, start='image', table=str(table))
    assert '--recursive' not in capsys.readouterr().err


# ------------------------------------------------------------ files, folders


def test_broken_files_have_a_row_with_the_reason(face, tmp_path):
    whole = (face / 'a.png').read_bytes()
    (face / 'cut.png').write_bytes(whole[: len(whole) // 2])
    (face / 'empty.jpg').touch()
    (face / 'text.jpg').write_text('no image')
    cv2.imwrite(str(face / 'tiny.png'), np.zeros((1, 1, 3), np.uint8))
    (face / 'phone.heic').write_bytes(b'\0\0\0\x18ftypheic' + b'\0' * 40)
    os.symlink(face / 'gone.png', face / 'link.png')
    rows = measured(face, start='image')
    status = {name: row['status'] for name, row in rows.items()}
    unreadable = ('cut.png', 'empty.jpg', 'text.jpg', 'phone.heic', 'link.png')
    assert status == {
        'a.png': 'measured',
        'tiny.png': 'check',
        **dict.fromkeys(unreadable, 'unreadable'),
    }
    assert 'HEIC' in rows['phone.heic']['remarks']
    assert 'empty' in rows['empty.jpg']['remarks']
    for row in rows.values():
        assert str(tmp_path) not in str(row)


def test_names_of_any_kind(folder, tmp_path):
    names = ['ü b.png', '=1+1.png', 'a,b;"c".png', 'sub dir/x.PNG']
    data = cv2.imencode('.png', photograph(POINTS))[1].tobytes()
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    with open(os.path.join(os.fsencode(folder), b'caf\xe9.png'), 'wb') as file:
        file.write(data)
    pictures = tmp_path / 'pictures'
    rows = measured(folder, start='image', overlays=str(pictures))
    assert {*names, 'caf\\udce9.png'} == set(rows)
    assert {row['status'] for row in rows.values()} == {'measured'}
    assert len([*pictures.rglob('*.png')]) == 5
    assert (pictures / 'sub dir' / 'x.PNG.png').is_file()


def test_folders_without_photographs(folder, tmp_path):
    with pytest.raises(MissingFileError):
        list_photographs(str(tmp_path / 'none'))
    (folder / 'notes.txt').touch()
    (folder / '._a.jpg').touch()
    (folder / 'sub').mkdir()
    with refused(str(folder), cure='--recursive'):
        list_photographs(str(folder))
    (folder / 'sub' / 'a.JPG').touch()
    assert list_photographs(str(folder), True) == (['sub/a.JPG'], 1)


def test_photographs_are_forgotten_batch_by_batch(folder, monkeypatch):
    """Of 0.3 MB each when decoded: at most a batch of them is held."""
    boxes(monkeypatch, (150, 75, 120, 120))
    image = photograph(POINTS * 2, (400, 260))
    data = cv2.imencode('.png', image)[1].tobytes()
    for i in range(24):
        (folder / f'{i:02d}.png').write_bytes(data)
    references, most = [], 0

    def read(path):
        nonlocal most
        picture = image.copy()
        references.append(weakref.ref(picture))
        most = max(most, sum(one() is not None for one in references))
        return picture

    monkeypatch.setattr(photographs, 'read_upright', read)
    assert len(measured(folder)) == 24
    # A batch, and the one that is being read.
    assert most <= 9
