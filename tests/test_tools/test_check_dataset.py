"""The command line and what it writes."""

import json
import re
import runpy
import subprocess
import sys

import pytest
from landmark_set import landmark_content, write_landmark_set

ANN = 'annotations/landmarks.json'


@pytest.fixture
def root(tmp_path):
    content = landmark_content(6)
    for i, image in enumerate(content['images']):
        image['file_name'] = f'Müller {i}.png'
        image['site'] = 'north'
    return write_landmark_set(
        tmp_path / 'my set',
        content,
        dict(
            train=['subject0'],
            test=[
                'subject1',
            ],
        ),
    )


@pytest.fixture
def check(monkeypatch, capsys, repo_root):
    tool = repo_root / 'tools' / 'dataset_converters' / 'check_dataset.py'

    def check(*arguments):
        monkeypatch.setattr(sys, 'argv', [str(tool), *map(str, arguments)])
        status = 0
        try:
            runpy.run_path(str(tool), run_name='__main__')
        except SystemExit as end:
            status = end.code or 0
        said = capsys.readouterr()
        return status, ' '.join(said.out.split()), said.err

    return check


def spoil(root):
    content = json.loads((root / ANN).read_text('utf-8'))
    content['annotations'][0]['keypoints'][0] = 1e6
    (root / ANN).write_text(json.dumps(content))
    (root / 'splits' / 'test.txt').write_text('subject0\nDr Nobody\n')


def test_it_runs_as_a_command_and_ends_with_0_without_error(root, repo_root):
    done = subprocess.run(
        [sys.executable, 'tools/dataset_converters/check_dataset.py', root],
        cwd=repo_root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert '6 images, 6 labelled, 3 subjects, 4 landmarks' in done.stdout


def test_errors_end_with_1_and_name_nobody(root, check, tmp_path):
    spoil(root)
    page, data = tmp_path / 'new' / 'a.html', tmp_path / 'a.json'
    status, out, _ = check(root, '--html', page, '--json', data)
    assert status == 1
    assert 'far outside' in out and 'shares 1 subjects' in out
    html, text = page.read_text('utf-8'), data.read_text('utf-8')
    for told in (out.split('Written')[0], html, text):
        assert 'ller' not in told and 'subject0' not in told
        assert 'Nobody' not in told and str(root.parent) not in told


def test_names_are_shown_when_asked_for(root, check, tmp_path):
    spoil(root)
    page, data = tmp_path / 'a.html', tmp_path / 'a.json'
    status, out, _ = check(root, '--show-ids', '--html', page, '--json', data)
    assert status == 1 and 'Müller 0.png' in out and 'Dr Nobody' in out
    assert 'Müller 0.png' in page.read_text('utf-8')
    report = json.loads(data.read_text('utf-8'))
    assert {f['check'] for f in report['findings']} >= {'frame', 'splits'}
    assert not report['ok']


def test_the_page_needs_nothing_else_and_escapes_what_it_shows(
    root, check, tmp_path
):
    content = json.loads((root / ANN).read_text('utf-8'))
    content['categories'][0]['keypoints'][0] = '<script>alert(1)</script>'
    (root / ANN).write_text(json.dumps(content))
    spoil(root)
    page = tmp_path / 'a.html'
    check(root, '--html', page)
    html = page.read_text('utf-8')
    assert '<script' not in html and '&lt;script&gt;' in html
    sources = re.findall(r'(?:src|href|url)\s*[=(]\s*"?([^">)]{0,30})', html)
    assert sources and all(s.startswith('data:image/jpeg') for s in sources)


def test_checks_can_be_left_out(root, check):
    spoil(root)
    assert check(root, '--ignore', 'frame', '--ignore', 'splits')[0] == 0
    status, _, err = check(root, '--ignore', 'colour')
    assert status == 2 and 'no such check; they are records, files' in err


@pytest.mark.parametrize(
    'arguments, words',
    [
        (['--ann-file', 'other.json'], "other.json' does not exist"),
        (['--outlier-z', '-1'], '--outlier-z -1: expected a number'),
        (['--outlier-z', 'nan'], '--outlier-z nan: expected a number'),
    ],
)
def test_bad_usage_ends_with_2(root, check, arguments, words):
    status, _, err = check(root, *arguments)
    assert status == 2 and words in err


def test_what_is_no_set_ends_with_2(root, check, tmp_path):
    assert check(tmp_path / 'nowhere')[0] == 2
    for text in ('', '[]', '{"images": 3}', '\x00'):
        (root / ANN).write_text(text)
        status, _, err = check(root)
        assert status == 2 and 'annotations/' in err


def test_an_empty_set_is_told_not_a_crash(root, check, tmp_path):
    (root / ANN).write_text('{"images": [], "annotations": []}')
    status, out, _ = check(root, '--ann-file', ANN, '--html', tmp_path / 'a')
    assert status == 1 and "no list 'categories'" in out


def test_a_teacher_that_is_missing_says_how_to_get_it(root, check):
    status, _, err = check(root, '--min-faces', 3, '--teacher', 'no.pth')
    assert status == 2 and 'mmpose_ctd download sface' in err
