"""A clinic's photographs, for several files of tests."""

import pytest
from clinic_folder import make_clinic
from prepared_points import SIZE


@pytest.fixture
def clinic(tmp_path):
    return make_clinic(tmp_path / 'photos', count=3, size=SIZE)
