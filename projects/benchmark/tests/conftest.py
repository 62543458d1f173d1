"""A toy pair of configs, and a stand-in for processes."""

import os
from contextlib import ExitStack
from tempfile import TemporaryDirectory

import pytest
from toy_models import ED, model_config, runner_config, teacher_file

from projects.benchmark.speed import steps_apart


@pytest.fixture
def pair(tmp_path, monkeypatch, repo_root):
    """``ctd`` and ``ft``, which another process can build, too."""
    paths = [str(repo_root / 'tests' / 'helpers')]
    paths += filter(None, [os.environ.get('PYTHONPATH')])
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(paths))
    checkpoint = teacher_file(tmp_path / 'teacher.pth')
    imports = dict(imports=['mmpose_ctd', 'toy_models'])
    return {
        name: runner_config(
            tmp_path / name,
            model_config(checkpoint, regularizers=terms),
            custom_imports=imports,
        )
        for name, terms in (('ctd', ED), ('ft', {}))
    }


class InThisProcess(ExitStack):
    """Takes the steps of a :class:`.Process` without starting one."""

    def __init__(self, cfg_file, images):
        super().__init__()
        folder = self.enter_context(TemporaryDirectory())
        self.run = steps_apart.steps_of(cfg_file, images, folder)

    def step(self):
        return self.run.seconds()


@pytest.fixture
def in_this_process(monkeypatch):
    monkeypatch.setattr(steps_apart, 'Process', InThisProcess)
