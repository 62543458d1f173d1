"""Folders in which plans are made and carried out."""

import shutil

import pytest
from comparing_place import make_place, surroundings

from mmpose_ctd.apis.comparing import workers


@pytest.fixture(scope='session')
def made_place(tmp_path_factory):
    return make_place(tmp_path_factory.mktemp('place'))


@pytest.fixture
def place(made_place, tmp_path, monkeypatch):
    """A copy for each test, which may break it; the current folder."""
    place = tmp_path / 'place'
    shutil.copytree(made_place, place)
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def fake_jobs(monkeypatch):
    """Jobs that are done without a network, at once."""
    monkeypatch.setattr(workers, 'JOB', 'fake_job')
    monkeypatch.setenv('PYTHONPATH', surroundings()['PYTHONPATH'])
