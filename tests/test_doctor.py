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


@pytest.mark.slow
def test_without_mmpose_it_says_how_to_install_it(tmp_path):
    done = run_doctor(tmp_path, 'mmpose')
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert 'mmpose: pip install --no-deps mmpose==1.3.2' in lines
    assert 'do not work: mmpose, mmpose.models, mmpose_ctd.models' in (
        done.stdout
    )
    assert 'works.' not in done.stdout
    assert 'Traceback' not in done.stderr


def test_without_torch_it_runs_too(tmp_path):
    # Nothing of the stack can be imported then.
    done = run_doctor(tmp_path, 'torch', 'torchvision', 'mmengine', 'mmdet')
    assert done.returncode == 1
    assert 'torch: pip install torch' in done.stdout.splitlines()
    assert 'Traceback' not in done.stderr


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


def test_an_optional_module_may_be_absent(examine_only, capsys):
    examine_only(
        rich=(['rich'], '', True),
        not_there=([], 'pip install not-there', False),
    )
    assert doctor.main() == 0
    out = capsys.readouterr().out
    assert 'not_there is optional: pip install not-there\n' in out
    assert out.endswith('Everything that is needed works.\n')


def test_the_first_broken_module_is_cured_first(examine_only, stub, capsys):
    stub('first', "ImportError('a')")
    stub('second', "ImportError('b')")
    long_cure = 'pip install --no-deps --force-reinstall ' + 'x' * 80
    examine_only(
        rich=([], '', True),
        first=([], long_cure, True),
        second=([], 'not this', True),
    )
    assert doctor.main() == 1
    out = capsys.readouterr().out
    assert '2 of 3 do not work: first, second.' in out
    assert f'first: {long_cure}\n' in out  # in one line, to be copied
    assert 'not this' not in out


def test_brackets_in_an_error_are_no_markup(examine_only, stub, capsys):
    stub('odd', "ImportError('[/red] [bold]x')")
    examine_only(odd=([], 'see [docs]', True))
    assert doctor.main() == 1
    out = capsys.readouterr().out
    assert '[/red] [bold]x' in out
    assert 'odd: see [docs]' in out


def test_a_report_names_no_folder_of_the_user(examine_only, stub):
    stub('odd', "OSError('/home/miller/venv/lib/x.so: undefined symbol')")
    examine_only(odd=([], '', True))
    (finding,) = doctor.examine()
    assert 'x.so: undefined symbol' in finding.remark
    assert 'miller' not in finding.remark


def test_an_error_without_words_is_named(examine_only, stub):
    stub('silent', 'AssertionError()')
    examine_only(silent=([], '', True))
    assert doctor.examine()[0].remark == 'AssertionError'
