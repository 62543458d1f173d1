"""mmpose_ctd report as a user types it, and its page in a browser."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from refusals import refused
from trained_work_dir import SUBJECTS, train, write_patients

from mmpose_ctd.apis.reporting import page, training

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
    # It can reach nothing but files.
    '--proxy-server=127.0.0.1:9',
]


@pytest.fixture(scope='module')
def tool():
    path = ROOT / 'tools' / 'analysis_tools' / 'report.py'
    spec = importlib.util.spec_from_file_location('report_tool', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def place(tmp_path_factory, tool):
    """A folder with two trainings and the page about them."""
    place = tmp_path_factory.mktemp('clinic')
    root = write_patients(place / 'data')
    folder = train(place / 'work_dirs' / 'ft', root)
    shutil.copytree(folder, folder.with_name('ed run'))
    arguments = ['work_dirs/ft', 'ED=work_dirs/ed run', 'work_dirs/gone']
    arguments += ['--faces', '--out', 'new folder/report.html']
    with pytest.MonkeyPatch.context() as patch:
        # Their intervals and curves take longer than all else.
        patch.setattr(page, 'measure_sections', lambda systems: [])
        patch.setattr(training, '_curves', lambda *_: [])
        patch.chdir(place)
        patch.setattr('sys.argv', ['report.py', *arguments])
        # What is missing is not a success.
        with pytest.raises(SystemExit) as stop:
            tool.main()
    assert stop.value.code == 1
    return place


@pytest.mark.slow
def test_the_page_is_all_that_is_written(place):
    (file,) = (place / 'new folder').iterdir()
    text = file.read_text(encoding='utf-8')
    assert file.name == 'report.html'
    assert 'ft, ED' in text and 'photographs of people' in text
    for secret in (*SUBJECTS, str(place)):
        assert secret not in text


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
    ('arguments', 'where'),
    [
        (['a/ft', 'A=a/../a/ft'], 'a/../a/ft'),
        (['A=a', 'A=b'], 'A'),
        (['=a'], "'=a'"),
        (['A=a,,b'], "'A=a,,b'"),
    ],
)
def test_mistaken_arguments(tool, arguments, where):
    with refused(where):
        tool.systems_of(arguments)


def browse(place, page, *arguments):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert browser, f'none of {", ".join(BROWSERS)} is installed'
    profile = place / 'profile'
    done = subprocess.run(
        [browser, *QUIET, f'--user-data-dir={profile}', *arguments, str(page)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert not [li for li in done.stderr.splitlines() if 'CONSOLE' in li]
    return done


# Goes into a copy of the page, whose own policy would forbid it: records how
# large each picture is, and whether the page is wider than the window.
PROBE = """<script>
addEventListener('load', () => {
  const sizes = [...document.images].map(i => i.naturalWidth);
  document.body.dataset.found = sizes.join(' ');
  document.body.dataset.wide =
    document.documentElement.scrollWidth - innerWidth;
});
</script></body>"""


@pytest.mark.slow
@pytest.mark.pages
def test_browser_shows_every_picture_and_fetches_nothing(place):
    source = place / 'new folder' / 'report.html'
    text = source.read_text(encoding='utf-8')
    probe = place / 'probe.html'
    with_script = text.replace(
        "default-src 'none'", "script-src 'unsafe-inline'; default-src 'none'"
    )
    probe.write_text(with_script.replace('</body>', PROBE), encoding='utf-8')
    shown = browse(
        place, probe.as_uri(), '--dump-dom', '--window-size=500,900'
    )
    sizes = shown.stdout.partition('data-found="')[2].partition('"')[0].split()
    assert len(sizes) == text.count('<img ') and len(sizes) > 10
    assert all(int(size) > 0 for size in sizes)
    # Wide tables scroll by themselves; the page does not.
    assert 'data-wide="0"' in shown.stdout
    picture = place / 'page.png'
    size = '--window-size=1200,1600'
    browse(place, source.as_uri(), f'--screenshot={picture}', size)
    pixels = cv2.imread(str(picture))
    assert pixels.shape[:2] == (1600, 1200)
    # The warning's band, and the blue of the first curve.
    for colour in ((0xE0, 0xF1, 0xFF), (0xB2, 0x72, 0x00)):
        near = np.abs(pixels.astype(int) - colour).max(axis=2) < 12
        assert near.sum() > 200
