"""The command line, as users type it."""

import json
import runpy
import subprocess
import sys

import pytest
from landmark_set import landmark_content, write_landmark_set

from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.datasets.landmark_file import read_split


@pytest.fixture
def root(tmp_path):
    return write_landmark_set(tmp_path / 'my set', landmark_content(40))


@pytest.fixture
def make_splits(monkeypatch, capsys, repo_root):
    """Runs the tool in this process; gives exit status, output, errors."""
    tool = repo_root / 'tools' / 'dataset_converters' / 'make_splits.py'

    def make_splits(*arguments):
        monkeypatch.setattr(sys, 'argv', [str(tool), *map(str, arguments)])
        status = 0
        try:
            runpy.run_path(str(tool), run_name='__main__')
        except SystemExit as end:
            status = end.code
        said = capsys.readouterr()
        return status, said.out, said.err

    return make_splits


def test_it_runs_as_a_command_and_the_dataset_reads_what_it_writes(
    root, repo_root
):
    done = subprocess.run(
        [sys.executable, 'tools/dataset_converters/make_splits.py', root],
        cwd=repo_root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    loaded = {}
    for name in ('train', 'val', 'test'):
        data = CIFASDDataset(
            data_root=str(root),
            ann_file='annotations/landmarks.json',
            split=f'splits/{name}.txt',
        )
        loaded[name] = len(data)
    # Two images a subject, of 20 subjects.
    assert loaded == dict(train=28, val=4, test=8)
    assert 'subject1' not in done.stdout + done.stderr


def test_the_header_says_how_but_not_where(root, make_splits):
    status, _, _ = make_splits(root, '--seed', 3)
    text = (root / 'splits' / 'test.txt').read_text()
    assert status == 0
    header = [line for line in text.splitlines() if line.startswith('#')]
    assert '--seed 3' in header[0] and 'make_splits.py' in header[0]
    assert 'scheme subject, seed 3' in header[1]
    assert '4 subjects, 8 labelled images; subjects by site: ' in header[2]
    assert str(root.parent) not in text


def test_files_stay_unless_forced_and_all_or_nothing(root, make_splits):
    assert make_splits(root)[0] == 0
    before = (root / 'splits' / 'train.txt').read_text()
    (root / 'splits' / 'val.txt').unlink()
    status, _, err = make_splits(root, '--seed', 1)
    assert status == 2
    assert 'test.txt, train.txt are there already' in err and '--force' in err
    assert not (root / 'splits' / 'val.txt').exists()
    assert (root / 'splits' / 'train.txt').read_text() == before
    assert make_splits(root, '--seed', 1, '--force')[0] == 0
    assert (root / 'splits' / 'train.txt').read_text() != before
    assert not list((root / 'splits').glob('.*'))


def test_by_image_asks_for_permission(root, make_splits):
    status, _, err = make_splits(root, '--scheme', 'image')
    assert status == 2
    assert 'subjects would be in' in err and '--allow-shared-sub' in err
    assert not (root / 'splits').exists()
    asked = make_splits(root, '--scheme', 'image', '--allow-shared-subjects')
    assert asked[0] == 0
    lines = read_split(str(root / 'splits' / 'test.txt'))
    assert len(lines) == 8 and lines[0].startswith('image:')


def test_budgets_keep_the_test_that_is_there(root, make_splits):
    make_splits(root)
    test = read_split(str(root / 'splits' / 'test.txt'))
    status, _, err = make_splits(
        root, '--scheme', 'budgets', '--budgets', 4, 8, '--seed', 0, 1
    )
    assert status == 0 and 'test.txt and val.txt stay' in err
    for seed in (0, 1):
        four, eight = (
            read_split(str(root / 'splits' / f'train_n00{n}_seed{seed}.txt'))
            for n in (4, 8)
        )
        assert {*four} < {*eight} and not {*eight} & {*test}


def test_a_dry_run_writes_nothing(root, make_splits):
    status, out, _ = make_splits(root, '--dry-run')
    assert status == 0 and 'train.txt' in out and 'Nothing was' in out
    assert not (root / 'splits').exists()


def test_ids_that_no_split_file_can_hold_are_refused(root, make_splits):
    file = root / 'annotations' / 'landmarks.json'
    content = json.loads(file.read_text())
    for image in content['images']:
        image['subject'] += ' #' + image['subject'][7:]
    file.write_text(json.dumps(content))
    status, _, err = make_splits(root)
    assert status == 2 and 'no # after a space' in err
    assert not list((root / 'splits').iterdir())


def test_images_without_subject_or_points_are_told(root, make_splits):
    file = root / 'annotations' / 'landmarks.json'
    content = json.loads(file.read_text())
    for image in content['images'][:3]:
        image['subject'] = None
    content['annotations'].pop()
    file.write_text(json.dumps(content))
    _, _, err = make_splits(root)
    assert '3 labelled images have no subject' in err
    assert '1 images without labels do not count' in err


def test_a_broken_set_is_refused(root, make_splits, tmp_path):
    assert make_splits(tmp_path / 'nowhere')[0] == 2
    (root / 'annotations' / 'landmarks.json').write_text('{')
    status, _, err = make_splits(root)
    assert status == 2 and 'not a JSON file' in err
