"""A folder of photographs, measured by a model that cannot err."""

import csv

import cv2
import numpy as np
import pytest
from measuring_toys import (
    NAMES,
    POINTS,
    SIZE,
    SpotModel,
    boxes,
    measured,
    photograph,
    spot_calibration,
)
from PIL import Image

from mmpose_ctd.apis.measuring import measuring_run
from mmpose_ctd.apis.measuring.columns import Columns
from mmpose_ctd.apis.measuring.face_rows import FaceRows
from mmpose_ctd.apis.measuring.framing import Frame
from mmpose_ctd.apis.measuring.judgement import Judgement
from mmpose_ctd.apis.measuring.landmark_model import Prediction
from mmpose_ctd.apis.measuring.measuring_run import FolderMeasurer
from mmpose_ctd.apis.measuring.photograph_folder import list_photographs
from mmpose_ctd.apis.measuring.photograph_table import (
    Subject,
)
from mmpose_ctd.apis.measuring.row_file import RowFile
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional.measurement_catalogue import (
    standard_measurements,
)

FISSURE = 'palpebral_fissure_length_R'


def points_of(row):
    return np.array(
        [[float(row[f'{n}_{axis}_px']) for axis in 'xy'] for n in NAMES]
    )


def uncalibrated(folder, out, **options):
    """The rows of a folder, the framing known and nothing else."""
    columns = Columns(NAMES, standard_measurements(NAMES), False, False)
    table = RowFile(str(out), list(columns.meanings()))
    measurer = FolderMeasurer(
        SpotModel(),
        FaceRows(columns),
        str(folder),
        framing=spot_calibration().framing,
        **options,
    )
    files, _ = list_photographs(str(folder))
    measurer.run(files, table)
    table.close(complete=True)
    with open(out, encoding='utf-8', newline='') as file:
        return {row['file']: row for row in csv.DictReader(file)}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / 'images'
    folder.mkdir()
    return folder


@pytest.fixture
def no_detector(monkeypatch):
    monkeypatch.setattr(measuring_run, 'detect_faces', lambda image: [])


def test_landmarks_are_pixels_of_the_photograph(folder, tmp_path):
    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS))
    row = measured(folder, tmp_path / 'm.csv', start='image')['a.png']
    np.testing.assert_allclose(points_of(row), POINTS, atol=0.1)
    assert row['status'] == 'measured' and row['remarks'] == ''
    assert (row['width_px'], row['height_px']) == ('200', '160')
    # It was framed as the training faces are.
    assert int(row['frame_px']) == pytest.approx(100, abs=2)
    assert float(row[f'{FISSURE}_px']) == pytest.approx(25, abs=0.1)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_orientation_changes_nothing(folder, tmp_path, orientation):
    upright = Image.fromarray(photograph(POINTS)[:, :, ::-1])
    # What the camera stores is the inverse of what viewers do.
    ways = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    way = ways.get(orientation)
    stored = upright if way is None else upright.transpose(way)
    exif = Image.Exif()
    exif[0x112] = orientation
    stored.save(folder / 'a.png', exif=exif)
    row = measured(folder, tmp_path / 'm.csv', start='image')['a.png']
    np.testing.assert_allclose(points_of(row), POINTS, atol=0.1)
    assert (row['width_px'], row['height_px']) == ('200', '160')


@pytest.mark.parametrize('factor', [0.6, 1, 5])
def test_size_of_the_photograph_and_place_of_the_face_do_not_matter(
    folder, tmp_path, monkeypatch, factor
):
    """From a crude box; errors are of the network's pixels."""
    size = round(100 * factor)
    for i, (x, y) in enumerate([(0, 0), (250, 90), (30, 200)]):
        image = np.full((round(320 * factor), round(400 * factor), 3), 128)
        picture = cv2.resize(
            photograph(POINTS),
            None,
            fx=factor,
            fy=factor,
            interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC,
        )
        x, y = round(x * factor), round(y * factor)
        y, x = (
            min(y, image.shape[0] - picture.shape[0]),
            min(x, image.shape[1] - picture.shape[1]),
        )
        image = image.astype(np.uint8)
        image[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
        cv2.imwrite(str(folder / f'{i}.png'), image)
        face = (x + 75 * factor, y + 50 * factor, 0.6 * size, 0.6 * size)
        boxes(monkeypatch, face)
        rows = measured(folder, tmp_path / f'{i}.csv', start='face')
        expected = (POINTS + 0.5) * factor - 0.5 + (x, y)
        error = np.abs(points_of(rows[f'{i}.png']) - expected).max()
        assert error < 0.15 * max(1, size / 64)


def test_intervals_grow_with_the_face_and_have_the_closed_form(
    folder, tmp_path
):
    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS))
    big = cv2.resize(photograph(POINTS), None, fx=3, fy=3)
    cv2.imwrite(str(folder / 'b.png'), big)
    rows = measured(
        folder, tmp_path / 'm.csv', start='image', mm=True, mm_per_px=0.5
    )
    for name, scale in (('a.png', 1), ('b.png', 3)):
        row = rows[name]
        pixel = float(row['frame_px']) / 64
        assert float(row['subnasale_sd_px']) == pytest.approx(
            0.5 * pixel, abs=0.01
        )
        low, high = (
            float(row[f'{FISSURE}_px_{end}']) for end in ('low95', 'high95')
        )
        # Two ends of 0.5 input px each, 2.4 SDs to each side.
        expected = 2 * 2.4 * 0.5 * np.sqrt(2) * pixel
        assert high - low == pytest.approx(expected, rel=0.01)
        assert (high + low) / 2 == pytest.approx(25 * scale, abs=0.3)
        assert float(row[f'{FISSURE}_mm']) == pytest.approx(
            0.5 * float(row[f'{FISSURE}_px']), abs=0.01
        )
        assert row['mm_per_px'] == '0.5'


def test_several_faces_are_told_and_the_largest_is_measured(
    folder, tmp_path, monkeypatch
):
    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS))
    boxes(monkeypatch, (75, 50, 60, 60), (0, 0, 20, 20))
    row = measured(folder, tmp_path / 'm.csv')['a.png']
    assert row['faces'] == '2' and row['start'] == 'face'
    assert '2 faces: the largest is measured' in row['remarks']
    np.testing.assert_allclose(points_of(row), POINTS, atol=0.1)


@pytest.mark.parametrize(
    'width, status', [(29, 'measured'), (30, 'check'), (60, 'check')]
)
def test_a_second_face_of_comparable_size_is_to_be_checked(
    folder, tmp_path, monkeypatch, width, status
):
    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS))
    boxes(monkeypatch, (75, 50, 60, 60), (0, 0, width, width))
    row = measured(folder, tmp_path / 'm.csv')['a.png']
    assert row['status'] == status
    assert ('another face' in row['remarks']) == (status == 'check')
    np.testing.assert_allclose(points_of(row), POINTS, atol=0.1)


@pytest.mark.parametrize('calibrated', [True, False])
@pytest.mark.parametrize('eyes', [90, 4475, 20])
def test_an_absurd_scale_is_to_be_checked_and_gives_no_mm(calibrated, eyes):
    names = ['exocanthion_R', 'exocanthion_L', 'subnasale']
    columns = Columns(names, standard_measurements(names), calibrated, True)
    width = np.linalg.norm(POINTS[0] - POINTS[1])
    (face,) = FaceRows(
        columns, spot_calibration() if calibrated else None
    ).make(
        Prediction(
            points=POINTS[None],
            features=None,
            spreads=dict(inverse_peak=np.ones((1, 3))),
            units=None,
            frames=[Frame(50, 50, 100, 100)],
        ),
        [
            Judgement(dict(appearance=0.5, shape=0.5, roll=0.0), [])
            if calibrated
            else None
        ],
        [Subject(mm_per_px=eyes / width)],
        SIZE,
    )
    row, absurd = face.row, eyes != 90
    usual = 'measured' if calibrated else 'uncalibrated'
    assert row['status'] == ('check' if absurd else usual)
    distance = 'outer_canthal_distance'
    assert float(row[f'{distance}_px']) == pytest.approx(width, abs=0.01)
    assert (f'{distance}_mm' in row) != absurd
    assert (f'{distance}_px_low95' in row) == (calibrated and not absurd)
    told = f'with this mm_per_px the outer eye corners are {eyes} mm apart'
    assert (told in row['remarks']) == absurd


def test_without_a_face_nothing_is_measured(folder, tmp_path, no_detector):
    cv2.imwrite(str(folder / 'grey.png'), np.full((90, 80, 3), 128, 'u1'))
    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS))
    auto = measured(folder, tmp_path / 'auto.csv')
    face = measured(folder, tmp_path / 'face.csv', start='face')
    for row in (auto['grey.png'], face['grey.png'], face['a.png']):
        assert row['status'] == 'no face found'
        assert 'turn it upright, or crop it nearer' in row['remarks']
        assert not any(row[t] for t in row if t.endswith(('_x_px', 'R_px')))
    # The whole image looks like a face: it is measured, and this is told.
    assert auto['a.png']['status'] == 'measured'
    assert 'no face detected' in auto['a.png']['remarks']


def test_a_detected_face_that_is_none_is_flagged_without_intervals(
    folder, tmp_path, monkeypatch
):
    cv2.imwrite(str(folder / 'a.png'), np.full((90, 80, 3), 128, 'u1'))
    boxes(monkeypatch, (10, 10, 50, 50))
    row = measured(folder, tmp_path / 'm.csv')['a.png']
    assert row['status'] == 'check'
    assert 'looks unlike the training faces' in row['remarks']
    assert 'hardly seen: exocanthion_R' in row['remarks']
    assert row[f'{FISSURE}_px'] != '' and row[f'{FISSURE}_px_low95'] == ''
    assert row['subnasale_sd_px'] == ''


def test_an_upside_down_face_is_flagged(folder, tmp_path):
    turned = photograph(POINTS)[::-1, ::-1]
    cv2.imwrite(str(folder / 'a.png'), turned)
    row = measured(folder, tmp_path / 'm.csv', start='image')['a.png']
    assert row['status'] == 'check'
    assert 'head is turned in the plane' in row['remarks']
    assert abs(float(row['roll_deg'])) > 150


def test_starts_that_cannot_be_are_refused(folder, tmp_path):
    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS))
    with pytest.raises(InputError, match='--framing face: the face detector'):
        measured(folder, tmp_path / 'm.csv', face_box=None, start='face')
    rows = FaceRows(Columns(NAMES, (), False, False))
    for start in ('auto', 'face', 'image'):
        with pytest.raises(InputError) as error:
            FolderMeasurer(SpotModel(), rows, str(folder), start=start)
        assert error.value.where == '--calibration'


def test_without_calibration_the_row_says_so(folder, tmp_path):
    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS))
    rows = uncalibrated(folder, tmp_path / 'm.csv', start='image')
    assert rows['a.png']['status'] == 'uncalibrated'
    assert not any('95' in title for title in rows['a.png'])


def test_without_calibration_faces_are_framed_as_in_training(
    folder, tmp_path, monkeypatch
):
    image = np.full((500, 600, 3), 128, np.uint8)
    image[200:360, 300:500] = photograph(POINTS)
    cv2.imwrite(str(folder / 'a.png'), image)
    boxes(monkeypatch, (375, 250, 60, 60))
    row = uncalibrated(folder, tmp_path / 'm.csv')['a.png']
    np.testing.assert_allclose(points_of(row), POINTS + (300, 200), atol=0.1)
    assert int(row['frame_px']) == pytest.approx(100, abs=2)


def test_without_calibration_nothing_says_that_an_image_is_a_face(
    folder, tmp_path, no_detector
):
    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS))
    row = uncalibrated(folder, tmp_path / 'm.csv')['a.png']
    assert row['status'] == 'no face found'


def test_photographs_of_people_who_trained_have_a_remark(folder, tmp_path):
    for name in 'ab':
        cv2.imwrite(str(folder / f'{name}.png'), photograph(POINTS))
    rows = measured(
        folder, tmp_path / 'm.csv', start='image', trained={'b.png'}
    )
    assert 'trained' not in rows['a.png']['remarks']
    assert 'trained' in rows['b.png']['remarks']


def test_the_reason_of_an_unread_photograph_is_the_errors_own(
    folder, tmp_path, monkeypatch
):
    def read(path):
        raise InputError(where=path, found='cut off', cure='Copy it again.')

    monkeypatch.setattr(measuring_run, 'read_upright', read)
    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS))
    row = measured(folder, tmp_path / 'm.csv')['a.png']
    assert row['status'] == 'unreadable'
    assert row['remarks'] == 'cut off. Copy it again.'
