"""`make demo`, with a source of random weights instead of the download."""

import functools
import multiprocessing
import runpy
import shutil
from pathlib import Path

import cv2
import pytest
from config_set import any_points, write_face_landmarker

import mmpose_ctd.apis.teacher_files
from mmpose_ctd.datasets import face_mesh
from mmpose_ctd.datasets.synthetic import make_synthetic_faces

DEMO = Path(__file__).resolve().parents[2] / 'tools' / 'misc' / 'demo.py'
pytestmark = pytest.mark.slow


@pytest.fixture
def demo(tmp_path, monkeypatch, command):
    write_face_landmarker(tmp_path)
    monkeypatch.setattr(face_mesh, 'mesh_points', any_points)
    monkeypatch.setenv('CTD_CHECKPOINTS', str(tmp_path))
    monkeypatch.setattr(
        mmpose_ctd.apis.teacher_files,
        'download',
        lambda name, say: say(name),
    )

    out = tmp_path / 'out'
    return functools.partial(command, 'demo.py', '--out', out, '--steps', '1')


def test_trains_and_tests_both_on_a_set(demo, tmp_path):
    before = {*multiprocessing.active_children()}
    faces = make_synthetic_faces(tmp_path / 'own', 10, size=96)
    (faces / 'annotations/landmarks19.json').rename(
        faces / 'annotations/mine.json'
    )
    status, printed, _ = demo('--data', faces, '--labels', '6')
    assert status == 0
    for words in (
        'best.py (fine-tuning)',
        'best_ed.py (CTD-ED)',
        'AUC at',
        'FR at',
        'splits/train_n006_seed0.txt',
        # Progress without a terminal.
        'best_ed.py (CTD-ED) 1/1',
        'best.py (fine-tuning), testing',
    ):
        assert words in printed
    # The garbage collector would wait for each worker.
    assert before >= {*multiprocessing.active_children()}
    for picture in ('ced.png', 'faces.png'):
        file = tmp_path / 'out' / picture
        assert min(cv2.imread(str(file)).shape[:2]) > 400


def test_draws_faces_if_no_set_is_given(tmp_path, monkeypatch):
    from rich.console import Console

    tool = runpy.run_path(str(DEMO))
    tool['synthetic_faces'].__globals__['NUM_FACES'] = 3
    root = tmp_path / 'faces'
    for _ in range(2):
        tool['synthetic_faces'](root, 0, Console())
        assert len([*(root / 'images').iterdir()]) == 3


def test_what_a_set_lacks_is_one_line(demo, tmp_path):
    without = make_synthetic_faces(tmp_path / 'without', 3, size=96)
    shutil.rmtree(without / 'splits')
    for data in (tmp_path / 'nothing', without):
        status, _, told = demo('--data', data)
        assert status == 2
        error = told.strip().splitlines()[-1]
        assert error.startswith('error: ') and data.name in error
