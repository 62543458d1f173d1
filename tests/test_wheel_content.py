"""The wheel carries configs and tools, in OpenMMLab's places."""

import os
import shutil
import subprocess
import sys
import zipfile

import pytest

PARTS = ('mmpose_ctd', 'configs', 'tools', 'requirements')


@pytest.fixture(scope='module')
def unpacked(tmp_path_factory, request):
    """What pip would put into site-packages."""
    root = request.config.rootpath
    copy = tmp_path_factory.mktemp('sources')
    for part in PARTS:
        shutil.copytree(root / part, copy / part)
    for name in ('setup.py', 'model-index.yml', 'README.md'):
        shutil.copy(root / name, copy)
    command = '-m pip wheel --quiet --no-deps --no-build-isolation -w out .'
    subprocess.run([sys.executable, *command.split()], cwd=copy, check=True)
    site = tmp_path_factory.mktemp('site')
    with zipfile.ZipFile(next((copy / 'out').glob('*.whl'))) as wheel:
        wheel.extractall(site)
    return site


def test_the_wheel_holds_configs_and_tools(unpacked):
    mim = unpacked / 'mmpose_ctd' / '.mim'
    assert (mim / 'configs' / 'frl_faces' / 'ctd_ed_sface.py').is_file()
    assert (mim / 'configs' / '_base_' / 'default_runtime.py').is_file()
    assert (mim / 'model-index.yml').is_file()
    # Stubs of old paths stay in the repository.
    assert {path.name for path in (mim / 'tools').glob('*.py')} == {
        'train.py',
        'test.py',
    }


def test_commands_run_from_the_wheel_alone(unpacked, tmp_path):
    done = subprocess.run(
        [sys.executable, '-m', 'mmpose_ctd.cli', 'calibrate', '--help'],
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=str(unpacked)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('usage: mmpose_ctd calibrate')
