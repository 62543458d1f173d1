"""`make demo`, with a teacher of random weights in place of the download."""

import runpy
import shutil
import sys
from pathlib import Path

import cv2
import pytest
from toy_models import random_source_file

import mmpose_ctd.apis.download
from mmpose_ctd.datasets.synthetic import make_synthetic_faces

DEMO = Path(__file__).resolve().parents[2] / 'tools' / 'misc' / 'demo.py'
pytestmark = pytest.mark.slow


@pytest.fixture
def demo(tmp_path, monkeypatch, capsys):
    random_source_file(tmp_path / 'sface.pth')
    monkeypatch.setenv('CTD_CHECKPOINTS', str(tmp_path))
    monkeypatch.setattr(
        mmpose_ctd.apis.download, 'download', lambda name, say: say(name)
    )

    def run(*arguments):
        out = tmp_path / 'out'
        argv = [str(DEMO), '--out', str(out), '--steps', '2', *arguments]
        monkeypatch.setattr(sys, 'argv', argv)
        runpy.run_path(str(DEMO), run_name='__main__')
        return out, capsys.readouterr().out

    return run


def check(out, told):
    for word in ('FT', 'CTD-ED', 'ME', 'AUC at 5', 'FR at 5'):
        assert word in told
    for picture in ('ced.png', 'faces.png'):
        assert min(cv2.imread(str(out / picture)).shape[:2]) > 400


def test_on_synthetic_faces(demo):
    out, told = demo()
    check(out, told)
    assert '20 subjects to train on' in told
    assert '30 test images' in told
    # Progress on the way, where there is no terminal to draw a bar on.
    assert 'CTD-ED (regularised) 1/2' in told
    assert 'FT (plain fine-tuning), testing' in told


def test_on_a_set_of_ones_own_without_splits(demo, tmp_path):
    faces = make_synthetic_faces(tmp_path / 'own', 10, size=96)
    shutil.rmtree(faces / 'splits')
    (faces / 'annotations/landmarks19.json').rename(
        faces / 'annotations/mine.json'
    )
    out, told = demo('--data', str(faces), '--labels', '5')
    check(out, told)
    assert '5 subjects to train on' in told
    assert '2 test images' in told


def test_a_wrong_folder_is_one_line(demo, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        demo('--data', str(tmp_path / 'nothing'))
    assert stop.value.code == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith('error: ') and 'nothing' in error
