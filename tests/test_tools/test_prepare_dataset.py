"""mmpose_ctd prepare as a user runs it."""

import csv
import functools
import json

import pytest
from clinic_folder import make_clinic, wide_csv

SET = (
    'photos', 'points.csv', '--out', 'sets/a', '--crop', 'landmarks', '--size',
    '64', '--subject-pattern', '^(child[0-9]+)_',
)  # fmt: skip


@pytest.fixture
def prepare(tmp_path, monkeypatch, command):
    """Runs the tool in a clinic's folder; gives status, output, errors."""
    points = make_clinic(tmp_path / 'photos', count=3, size=(120, 150))
    (tmp_path / 'points.csv').write_text(wide_csv(points))
    points['gone.jpg'] = next(iter(points.values()))
    (tmp_path / 'one gone.csv').write_text(wide_csv(points))
    monkeypatch.chdir(tmp_path)
    return functools.partial(command, 'prepare_dataset.py')


def test_all_records_end_with_0(prepare, tmp_path):
    status, out, err = prepare(*SET, '--preview', 'sheets')
    assert status == 0, err
    sheets = tmp_path / 'sheets'
    assert [p.name for p in sheets.iterdir()] == ['sheet_001.jpg']
    assert '3 of 3 records are in the set: 2 subjects' in out
    assert 'report.csv, report.json' in out
    content = tmp_path / 'sets/a/annotations/landmarks.json'
    assert len(json.loads(content.read_text())['images']) == 3
    # The set is not written a second time.
    status, _, err = prepare(*SET)
    assert status == 2 and 'exists already' in err


def test_a_record_left_out_ends_with_1(prepare, tmp_path):
    status, out, err = prepare(
        'photos', 'one gone.csv', '--out', 'b', '--crop', 'none', '--size',
        '0', '--names-in-report', '--first-pixel', '0.5',
    )  # fmt: skip
    assert status == 1
    assert 'image missing' in out and 'gone.jpg' in out
    assert 'NO SUBJECT IS KNOWN' in err
    with open(tmp_path / 'b/report.csv', encoding='utf-8-sig') as file:
        rows = list(csv.DictReader(file))
    assert [row['status'] for row in rows] == ['in the set'] * 3 + ['left out']
    assert rows[3]['photograph'] == 'gone.jpg'


def test_bad_input_is_one_line_and_ends_with_2(prepare, tmp_path):
    status, _, err = prepare(
        'photos', 'points.csv', '--format', 'tps', '--out', 'c'
    )
    assert status == 2
    (error,) = [s for s in err.splitlines() if s.startswith('error')]
    assert 'no line "LM="' in error
    assert 'Traceback' not in err
    assert not (tmp_path / 'c').exists()
