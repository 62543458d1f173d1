"""mmpose_ctd prepare as a user runs it."""

import csv
import json
import subprocess
import sys

import pytest
from clinic_folder import face_points, make_clinic, wide_csv


@pytest.fixture(scope='module')
def clinic(tmp_path_factory):
    folder = tmp_path_factory.mktemp('a clinic')
    points = make_clinic(folder / 'photos', count=3, size=(120, 150))
    (folder / 'points.csv').write_text(wide_csv(points))
    points['gone.jpg'] = next(iter(points.values()))
    (folder / 'one gone.csv').write_text(wide_csv(points))
    return folder


def run(repo_root, clinic, *args):
    return subprocess.run(
        [
            sys.executable,
            str(repo_root / 'mmpose_ctd prepare'),
            *args,
        ],
        capture_output=True,
        text=True,
        cwd=clinic,
        env={'PYTHONPATH': str(repo_root), 'PATH': '', 'HOME': str(clinic)},
    )


COMPLETE = (
    'photos', 'points.csv', '--out', 'sets/a', '--crop', 'landmarks', '--size',
    '64', '--subject-pattern', '^(child[0-9]+)_', '--preview', 'sheets',
)  # fmt: skip


def test_all_records_end_with_0(repo_root, clinic):
    done = run(repo_root, clinic, *COMPLETE)
    assert done.returncode == 0, done.stderr
    assert [p.name for p in (clinic / 'sheets').iterdir()] == ['sheet_001.jpg']
    assert '3 of 3 records are in the set: 2 subjects' in done.stdout
    assert 'report.csv, report.json' in done.stdout
    content = json.loads(
        (clinic / 'sets/a/annotations/landmarks.json').read_text()
    )
    assert len(content['images']) == 3
    # A kill left the sheets out: the same command draws them.
    (clinic / 'sheets/sheet_001.jpg').unlink()
    again = run(repo_root, clinic, *COMPLETE)
    assert again.returncode == 0, again.stderr
    assert [p.name for p in (clinic / 'sheets').iterdir()] == ['sheet_001.jpg']
    # The set itself is not made again.
    again = run(repo_root, clinic, *COMPLETE[:-2])
    assert again.returncode == 2 and 'exists already' in again.stderr


def test_shares_are_refused_in_one_line_and_read_with_the_option(
    repo_root, clinic
):
    points = {
        path.name: face_points((120, 150)) / (120, 150)
        for path in (clinic / 'photos').iterdir()
    }
    (clinic / 'shares.csv').write_text(wide_csv(points))
    args = 'photos', 'shares.csv', '--out', 'd', '--crop', 'none'
    done = run(repo_root, clinic, *args)
    assert done.returncode == 2 and '--unit share' in done.stderr
    done = run(repo_root, clinic, *args, '--unit', 'share')
    assert done.returncode == 0, done.stderr


def test_a_record_left_out_ends_with_1_and_is_told(repo_root, clinic):
    done = run(
        repo_root, clinic, 'photos', 'one gone.csv', '--out', 'b',
        '--crop', 'none', '--size', '0', '--names-in-report',
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert 'image missing' in done.stdout
    assert 'gone.jpg' in done.stdout
    assert 'NO SUBJECT IS KNOWN' in done.stderr
    with open(clinic / 'b/report.csv', encoding='utf-8-sig') as file:
        rows = list(csv.DictReader(file))
    assert [row['status'] for row in rows] == ['in the set'] * 3 + ['left out']
    assert rows[3]['photograph'] == 'gone.jpg'


def test_bad_input_is_one_line_and_ends_with_2(repo_root, clinic):
    done = run(
        repo_root, clinic, 'photos', 'points.csv', '--format', 'tps',
        '--out', 'c',
    )  # fmt: skip
    assert done.returncode == 2
    (error,) = [
        line for line in done.stderr.splitlines() if line.startswith('error')
    ]
    assert 'no line "LM="' in error
    assert 'Traceback' not in done.stderr
    assert not (clinic / 'c').exists()
