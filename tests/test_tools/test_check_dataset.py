"""The command line and the files it writes."""

import json
import re

import pytest
from landmark_set import landmark_content, write_landmark_set

ANN = 'annotations/landmarks.json'


@pytest.fixture
def root(tmp_path):
    content = landmark_content(6)
    for i, image in enumerate(content['images']):
        image['file_name'] = f'Müller {i}.png'
        image['site'] = 'north'
    splits = dict(train=['subject0'], test=['subject1'])
    return write_landmark_set(tmp_path / 'my set', content, splits)


@pytest.fixture
def check(command):
    def check(*arguments):
        status, out, err = command('check_dataset.py', *arguments)
        return status, ' '.join(out.split()), err

    return check


def spoil(root):
    content = json.loads((root / ANN).read_text('utf-8'))
    content['annotations'][0]['keypoints'][0] = 1e6
    content['categories'][0]['keypoints'][0] = '<script>alert(1)</script>'
    (root / ANN).write_text(json.dumps(content))
    (root / 'splits' / 'test.txt').write_text('subject0\nDr Nobody\n')


def test_a_set_without_errors(root, check):
    status, out, _ = check(root)
    assert status == 0
    assert '6 images, 6 labelled, 3 subjects, 4 landmarks' in out


def test_errors_end_with_1_and_name_nobody(root, check, tmp_path):
    spoil(root)
    page, data = tmp_path / 'new' / 'a.html', tmp_path / 'a.json'
    status, out, _ = check(root, '--html', page, '--json', data)
    assert status == 1
    assert 'far outside' in out and 'shares 1 subjects' in out
    html, text = page.read_text('utf-8'), data.read_text('utf-8')
    for written in (out.split('Written')[0], html, text):
        assert 'ller' not in written and 'subject0' not in written
        assert 'Nobody' not in written and str(root.parent) not in written
    # The page needs no other file and escapes names.
    assert '<script' not in html and '&lt;script&gt;' in html
    sources = re.findall(r'(?:src|href|url)\s*[=(]\s*"?([^">)]{0,30})', html)
    assert sources and all(s.startswith('data:image/jpeg') for s in sources)


def test_misplaced_points_are_ranked(check, tmp_path):
    content = landmark_content(20)
    results = [
        dict(image_id=one['image_id'], keypoints=[*one['keypoints']])
        for one in content['annotations']
    ]
    content['annotations'][6]['keypoints'][0] += 9
    root = write_landmark_set(tmp_path / 'set', content)
    (tmp_path / 'found.json').write_text(json.dumps(results))
    out = tmp_path / 'suspects'
    options = '--labels', out, '--predictions', tmp_path / 'found.json'
    _, said, _ = check(root, *options, '--looks', 3)
    assert '20 of 20 photographs' in said
    assert '7 exocanthion_R 9.0 px' in said
    assert len((out / 'points.csv').read_text().splitlines()) == 4
    for wrong in (options[2:], (*options, '--looks', 0)):
        assert check(root, *wrong)[0] == 2


def test_names_are_shown_on_request(root, check, tmp_path):
    spoil(root)
    page, data = tmp_path / 'a.html', tmp_path / 'a.json'
    status, out, _ = check(root, '--show-ids', '--html', page, '--json', data)
    assert status == 1 and 'Müller 0.png' in out and 'Dr Nobody' in out
    assert 'Müller 0.png' in page.read_text('utf-8')
    report = json.loads(data.read_text('utf-8'))
    assert {f['check'] for f in report['findings']} >= {'frame', 'splits'}
    assert not report['ok']


def test_options_reach_the_checks(root, check):
    spoil(root)
    assert check(root, '--ignore', 'frame', '--ignore', 'splits')[0] == 0
    status, _, err = check(root, '--tilt', '-1')
    assert status == 2 and '--tilt' in err
