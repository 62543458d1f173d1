"""mmpose_ctd report as a user types it, and its page in a browser."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from tool_server import run_tool
from trained_work_dir import SUBJECTS, train, write_patients

from mmpose_ctd.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')
QUIET = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--hide-scrollbars',
    '--enable-logging=stderr',
    # Nothing but files can be reached.
    '--proxy-server=127.0.0.1:9',
]
pytestmark = pytest.mark.slow


def call(place, *arguments):
    paths = os.pathsep.join([str(ROOT), str(ROOT / 'tests' / 'helpers')])
    return run_tool('report.py', *arguments, cwd=place, PYTHONPATH=paths)


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A folder with two trainings, and the page about them."""
    place = tmp_path_factory.mktemp('clinic')
    root = write_patients(place / 'data')
    for name in ('ft', 'ed run'):
        train(place / 'work_dirs' / name, root, seed=len(name))
    return place


@pytest.fixture(scope='module')
def done(place):
    return call(
        place,
        'work_dirs/ft',
        'ED=work_dirs/ed run',
        'work_dirs/gone',
        '--faces',
        '--out',
        'new folder/report.html',
    )


def test_page_of_what_can_be_read_and_a_line_for_the_rest(place, done):
    assert done.returncode == 1, done.stderr
    page = (place / 'new folder' / 'report.html').read_text(encoding='utf-8')
    assert 'ft, ED' in page and 'photographs of people' in page
    assert 'Report written to new folder/report.html' in done.stdout
    assert 'It shows photographs of people.' in done.stdout
    errors = [li for li in done.stderr.splitlines() if li.startswith('error')]
    assert len(errors) == 1
    assert errors[0].startswith('error: work_dirs/gone: no such folder')
    for secret in (*SUBJECTS, str(place)):
        assert secret not in page + done.stdout
    assert list((place / 'new folder').iterdir()) == [
        place / 'new folder' / 'report.html'
    ]


@pytest.fixture(scope='module')
def tool():
    """The tool's functions; a process for each would take long."""
    path = ROOT / 'tools' / 'analysis_tools' / 'report.py'
    spec = importlib.util.spec_from_file_location('report_tool', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_arguments_name_systems_and_their_seeds(tmp_path, monkeypatch, tool):
    monkeypatch.chdir(tmp_path)
    for name in ('a/ft', 'b/ft', 'x=1', 'y,z'):
        Path(name).mkdir(parents=True)
    arguments = ['a/ft/', 'b/ft', 'ED=c,d', 'x=1', 'N=y,z']
    assert tool.systems_of(arguments) == {
        'ft': ['a/ft/'],
        'ft (2)': ['b/ft'],
        'ED': ['c', 'd'],
        'x=1': ['x=1'],
        'N': ['y,z'],
    }


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['a/ft', 'A=a/../a/ft'], 'is given twice'),
        (['A=a', 'A=b'], 'write its work dirs behind each other: A=DIR,DIR'),
        (['=a'], 'expected WORK_DIR or NAME=WORK_DIR'),
        (['A='], 'expected WORK_DIR or NAME=WORK_DIR'),
        (['A=a,,b'], 'expected WORK_DIR or NAME=WORK_DIR'),
    ],
)
def test_mistaken_arguments(tool, arguments, words):
    with pytest.raises(InputError, match=words):
        tool.systems_of(arguments)


def browse(place, page, *arguments):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f'no browser found: none of {", ".join(BROWSERS)}')
    profile = place / 'profile'
    return subprocess.run(
        [browser, *QUIET, f'--user-data-dir={profile}', *arguments, str(page)],
        capture_output=True,
        text=True,
        timeout=120,
    )


# Added to a copy of the page, whose own policy would forbid it: writes down
# how large each picture came out.
PROBE = """<script>
addEventListener('load', () => {
  const sizes = [...document.images].map(i => i.naturalWidth);
  document.body.dataset.found = sizes.join(' ');
  document.body.dataset.wide =
    document.documentElement.scrollWidth - innerWidth;
});
</script></body>"""


def test_browser_shows_every_picture_and_fetches_nothing(place, done):
    source = place / 'new folder' / 'report.html'
    page = source.read_text(encoding='utf-8')
    policy, _, rest = page.partition('<meta http-equiv')[2].partition('>')
    assert "default-src 'none'" in policy
    probe = place / 'probe.html'
    with_script = page.replace(
        "default-src 'none'", "script-src 'unsafe-inline'; default-src 'none'"
    )
    probe.write_text(with_script.replace('</body>', PROBE), encoding='utf-8')
    shown = browse(
        place, probe.as_uri(), '--dump-dom', '--window-size=500,900'
    )
    sizes = shown.stdout.partition('data-found="')[2].partition('"')[0].split()
    assert len(sizes) == page.count('<img ') and len(sizes) > 10
    assert all(int(size) > 0 for size in sizes)
    # Wide tables scroll by themselves, the page does not.
    assert 'data-wide="0"' in shown.stdout
    assert not [li for li in shown.stderr.splitlines() if 'CONSOLE' in li]


def test_browser_draws_the_page_without_a_complaint(place, done):
    page = (place / 'new folder' / 'report.html').as_uri()
    picture = place / 'page.png'
    shown = browse(
        place, page, f'--screenshot={picture}', '--window-size=1200,1600'
    )
    assert not [li for li in shown.stderr.splitlines() if 'CONSOLE' in li]
    pixels = cv2.imread(str(picture))
    assert pixels.shape[:2] == (1600, 1200)
    # The warning's band, and the blue of the first curve.
    for colour in ((0xE0, 0xF1, 0xFF), (0xB2, 0x72, 0x00)):
        near = np.abs(pixels.astype(int) - colour).max(axis=2) < 12
        assert near.sum() > 200
