"""Folders in which plans are made and carried out."""

import shutil

import pytest
from comparing_place import ROOT, make_place, surroundings

from mmpose_ctd.apis.comparing import engine


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
def fake_tools(monkeypatch):
    """Trainings and tests that are done at once, without a network."""
    folder = ROOT / 'tests' / 'helpers' / 'fake_tools'
    monkeypatch.setattr(engine, 'tools_folder', lambda: folder)
    for name, value in surroundings().items():
        monkeypatch.setenv(name, value)
