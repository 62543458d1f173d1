"""The doctor names what is broken and its cure, whatever is broken."""

import logging
import os
import subprocess
import sys
import warnings

import pytest

from mmpose_ctd import compat, doctor
from mmpose_ctd.version import __version__

# Python imports a sitecustomize before anything else.
BLOCK = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {blocked!r}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)

sys.meta_path.insert(0, Blocker())
"""


def run_doctor(tmp_path, *blocked):
    (tmp_path / 'sitecustomize.py').write_text(BLOCK.format(blocked=blocked))
    return subprocess.run(
        [sys.executable, '-m', 'mmpose_ctd.doctor'],
        env={**os.environ, 'PYTHONPATH': str(tmp_path)},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def examine_only(monkeypatch):
    """Let the doctor examine the given modules instead of the stack."""

    def use(**modules):
        table = {n.replace('__', '.'): v for n, v in modules.items()}
        monkeypatch.setattr(doctor, '_MODULES', table)
        monkeypatch.setattr(doctor, '_print_machine', lambda console: None)

    logger = logging.getLogger('mmpose_ctd')
    level = logger.level
    with warnings.catch_warnings():
        yield use
    logger.setLevel(level)


@pytest.fixture
def stub(tmp_path, monkeypatch):
    """Make a module that raises what it is given."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(name, error):
        (tmp_path / f'{name}.py').write_text(f'raise {error}')

    return make


# As a user runs it


@pytest.mark.slow
def test_a_working_installation_gets_status_0(tmp_path):
    done = run_doctor(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f'mmpose_ctd {__version__}' in done.stdout
    for module in doctor._MODULES:
        assert f' {module} ' in done.stdout
    assert 'Everything that is needed works.' in done.stdout
    assert 'fast bfloat16' in done.stdout
    assert 'BROKEN' not in done.stdout


@pytest.mark.parametrize(
    ('blocked', 'cure', 'broken'),
    [
        (
            ['mmpose'],
            'mmpose: pip install --no-deps mmpose==1.3.2',
            'mmpose, mmpose.models, mmpose_ctd.models',
        ),
        # Nothing of the stack can be imported then.
        (
            ['torch', 'torchvision', 'mmengine', 'mmdet'],
            'torch: pip install torch',
            'torch, torchvision, mmengine, mmcv',
        ),
    ],
)
def test_it_says_how_to_install_what_is_missing(
    tmp_path, blocked, cure, broken
):
    done = run_doctor(tmp_path, *blocked)
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert cure in done.stdout.splitlines()
    assert f'do not work: {broken}' in done.stdout
    assert 'works.' not in done.stdout


# Finding by finding


def test_every_kind_of_finding(examine_only, stub, monkeypatch):
    stub('breaks', "RuntimeError('operator x does not exist\\nlong story')")
    monkeypatch.setitem(compat.repairs, 'json', 'it was mended')
    examine_only(
        rich=(['rich'], 'pip install rich', True),
        json=([], 'none', True),
        breaks=([], 'throw it away', False),
        not_there=(['not-there'], 'pip install it', True),
        optional=(['optional-thing'], 'pip install optional', False),
    )
    rich, repaired, broken, missing, absent = doctor.examine()
    assert rich.version.startswith('rich ') and rich.state == 'ok'
    assert (rich.remark, rich.cure) == ('', '')
    assert repaired[2:4] == ('repaired', 'it was mended')
    # Broken is worse than absent: it breaks what tries to import it.
    assert broken.state == 'BROKEN'
    assert broken.remark == 'operator x does not exist'
    assert broken.cure == 'throw it away'
    assert missing.state == 'BROKEN'
    assert missing.remark == "No module named 'not_there'"
    assert missing.cure == 'pip install it'
    assert absent.state == 'absent'


def test_an_error_is_shown_as_it_is_but_for_folders(
    examine_only, stub, capsys
):
    stub('odd', "OSError('[/red] [bold]x /home/miller/x.so: undefined')")
    stub('silent', 'AssertionError()')
    examine_only(odd=([], 'see [docs]', True), silent=([], '', True))
    assert doctor.main() == 1
    out = capsys.readouterr().out
    # No markup.
    assert '[/red] [bold]x' in out and 'odd: see [docs]' in out
    assert 'x.so: undefined' in out and 'miller' not in out
    assert doctor.examine()[1].remark == 'AssertionError'
