"""What several tests of the models and the engine share."""

import pytest
from toy_models import teacher_file


@pytest.fixture(scope='session')
def checkpoint(tmp_path_factory):
    """The file of a toy source model; not to be changed."""
    return teacher_file(tmp_path_factory.mktemp('source') / 'teacher.pth')
