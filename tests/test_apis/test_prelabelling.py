"""Predicted points for a person, by a model that cannot err."""

import csv
import json

import cv2
import numpy as np
import pytest
from measuring_toys import (
    NAMES,
    POINTS,
    SpotModel,
    boxes,
    photograph,
    spot_calibration,
)

from mmpose_ctd.apis.measuring.prelabelling import prelabel, rank
from mmpose_ctd.apis.measuring.rows import MeasuredFace
from mmpose_ctd.datasets.annotation_formats import FORMATS
from mmpose_ctd.datasets.preparation import prepare
from mmpose_ctd.errors import InputError


@pytest.fixture
def folder(tmp_path):
    """Two faces, one of them in a subfolder, and no face."""
    folder = tmp_path / 'photographs'
    (folder / 'visit 2').mkdir(parents=True)
    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS))
    cv2.imwrite(str(folder / 'visit 2' / 'b.png'), photograph(POINTS + 5))
    cv2.imwrite(str(folder / 'grey.png'), np.full((90, 80, 3), 128, 'u1'))
    return folder


def predicted(folder, out, model=None, **options):
    options = dict(recursive=True, calibration=spot_calibration()) | options
    return prelabel(model or SpotModel(), str(folder), str(out), **options)


@pytest.mark.parametrize('kind', FORMATS)
def test_prepare_reads_what_is_written(folder, tmp_path, monkeypatch, kind):
    boxes(monkeypatch)
    out, made = tmp_path / 'out', tmp_path / 'set'
    done = predicted(folder, out, kind=kind)
    assert [row['file'] for row in done.rows][-1] == 'grey.png'
    assert done.written == 2
    names = str(out / 'landmarks.txt')
    report = prepare(
        folder, out / 'points', made, crop='none', size=None, landmarks=names
    )
    assert len(report.used) == 2 and not report.left_out
    content = json.loads((made / 'annotations/landmarks.json').read_text())
    assert content['categories'][0]['keypoints'] == NAMES
    found = sorted(
        np.reshape(one['keypoints'], (-1, 3))[:, :2].tolist()
        for one in content['annotations']
    )
    np.testing.assert_allclose(found[0], POINTS, atol=0.1)
    np.testing.assert_allclose(found[1], POINTS + 5, atol=0.1)


def face(name, uncertainty, status='measured'):
    row = dict(file=name, status=status, remarks='')
    return MeasuredFace(row, np.zeros((3, 2)), np.array(uncertainty, float))


def test_the_least_certain_come_first_flagged_ones_before_all():
    found = [
        face('sure', [1, 1, 4]),
        MeasuredFace(dict(file='none', status='no face found', remarks='')),
        face('unsure', [2, 1, 4]),
        face('usual', [1, 1.5, 4]),
        face('odd', [1, 1, 4], 'check'),
    ]
    faces, rows = rank(found, ['a', 'b', 'hard on all'])
    order = ['odd', 'unsure', 'usual', 'sure', 'none']
    assert [row['file'] for row in rows] == order
    assert [one.row['file'] for one in faces] == order[:-1]
    assert [row['rank'] for row in rows] == [1, 2, 3, 4, 5]
    assert [row['look_at'].split(', ')[0] for row in rows[1:3]] == ['a', 'b']
    assert 'uncertainty' not in rows[-1]


def test_a_point_outside_is_moved_to_the_border(tmp_path, monkeypatch):
    boxes(monkeypatch)
    folder = tmp_path / 'photographs'
    folder.mkdir()
    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS))
    model = SpotModel()
    whole = model.predict

    def shifted(*arguments):
        found = whole(*arguments)
        return found._replace(points=found.points - (100, 0))

    model.predict = shifted
    out = tmp_path / 'out'
    predicted(folder, out, model, kind='csv', start='image')
    with open(tmp_path / 'out' / 'points' / 'points.csv') as file:
        xs = [float(row['x']) for row in csv.DictReader(file)]
    assert min(xs) == 0.5 and max(xs) < 199


def test_what_was_written_is_never_overwritten(folder, tmp_path, monkeypatch):
    boxes(monkeypatch)
    out = tmp_path / 'out'
    out.mkdir()
    (out / 'corrected.json').write_text('work')
    for options in ({}, dict(kind='xml'), dict(most=0)):
        with pytest.raises(InputError):
            predicted(
                folder, out if not options else tmp_path / 'new', **options
            )
    # Nor are there files of no face.
    for name in ('a.png', 'visit 2/b.png'):
        (folder / name).unlink()
    with pytest.raises(InputError):
        predicted(folder, tmp_path / 'new')
    assert [path.name for path in out.iterdir()] == ['corrected.json']
    assert not (tmp_path / 'new').exists()


@pytest.mark.parametrize('kind', FORMATS)
def test_photographs_of_one_file_are_refused_before_the_work(
    folder, tmp_path, kind
):
    cv2.imwrite(str(folder / 'a.jpg'), photograph(POINTS))
    model = SpotModel()
    model.predict = None  # it would raise TypeError
    error = InputError if kind in ('labelme', 'pts', 'tem') else TypeError
    with pytest.raises(error):
        predicted(folder, tmp_path / 'out', model, kind=kind, start='image')
