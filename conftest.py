"""What every test may use. `import mmpose_ctd` first: it makes MMPose
importable."""

import gc
import logging
import os
import signal
from pathlib import Path

import pytest
from format_once import format_configs_once
from hypothesis import settings
from mmengine.registry import init_default_scope

import mmpose_ctd  # noqa: F401

# A longer search: pytest --hypothesis-profile long
settings.register_profile('long', max_examples=5000, deadline=None)

REPO_ROOT = Path(__file__).resolve().parent

format_configs_once()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests first, so that no process waits at the end."""
    slow = {item.path for item in items if item.get_closest_marker('slow')}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """mmengine collects garbage at each dataset; let it skip the imports."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def interruptible() -> None:
    """Ctrl-C arrives, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def loading_as_before() -> None:
    """A tool that ran in this process does not change torch and logs."""
    name = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'
    before = os.environ.get(name)
    factory = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(factory)
    os.environ.pop(name, None)
    if before is not None:
        os.environ[name] = before


@pytest.fixture(scope='module', autouse=True)
def mmpose_scope_of_the_file() -> None:
    """Fixtures of a whole file are made before those of a test."""
    init_default_scope('mmpose')


@pytest.fixture(autouse=True)
def mmpose_scope() -> None:
    """Short names in configs are MMPose's, as under its tools."""
    init_default_scope('mmpose')


@pytest.fixture(scope='session')
def repo_root() -> Path:
    return REPO_ROOT


@pytest.fixture(scope='session')
def shared_root() -> Path:
    """Real faces and the real teacher, where they lie beside the project."""
    root = REPO_ROOT.parent / 'shared'
    if not (root / 'data' / 'frl_faces').is_dir():
        pytest.skip(f'real data are absent: no {root.name}/data/frl_faces')
    return root
