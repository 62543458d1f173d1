"""Sets of faces that the tests plant problems in."""

import pytest
from faulty_sets import FaultySet, make_clean_set, once, read_once

from mmpose_ctd.datasets.checking import images, survey


@pytest.fixture(scope='session')
def clean_faces(tmp_path_factory):
    return make_clean_set(tmp_path_factory.mktemp('faces'))


@pytest.fixture
def faulty(clean_faces, tmp_path, monkeypatch):
    monkeypatch.setattr(survey, 'read_photo_file', read_once)
    for module, name in (
        (survey, 'compare_faces'),
        (images, 'detail_correlation'),
    ):
        monkeypatch.setattr(module, name, once(getattr(module, name)))
    return FaultySet(clean_faces, tmp_path)
