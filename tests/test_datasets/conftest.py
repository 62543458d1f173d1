"""Sets of faces that several files of tests plant faults in."""

import pytest
from faulty_sets import FaultySet, make_clean_set


@pytest.fixture(scope='session')
def clean_faces(tmp_path_factory):
    return make_clean_set(tmp_path_factory.mktemp('faces'))


@pytest.fixture
def faulty(clean_faces, tmp_path):
    return FaultySet(clean_faces, tmp_path)
