"""Records as a table, as files, and which of them can be used."""

import numpy as np
import pandas as pd
import pytest
from comparison_runs import LANDMARKS, run, runs

from mmpose_ctd.apis.comparing.results_frame import (
    read_records,
    results_frame,
    usable,
    write_records,
)
from mmpose_ctd.errors import InputError, MissingFileError


def test_a_row_per_run_and_image():
    frame = results_frame(runs(budgets=(20,)))
    assert len(frame) == 9 * 12
    rows = frame[(frame.system == 'HG') & (frame.seed == 1)]
    record = run('HG', 20, 1)
    columns = [f'error_{name}' for name in LANDMARKS]
    np.testing.assert_array_equal(rows[columns], record['errors'])
    np.testing.assert_allclose(rows.error, record['errors'].mean(axis=1))
    assert rows.site.tolist() == list(record['sites'])
    mean = frame.groupby(['system', 'seed']).error.mean()
    assert mean['HG', 1] == pytest.approx(record['errors'].mean())


def test_a_notebook_gives_the_least():
    record = dict(
        system='FT', budget=20, seed=0, landmarks=['a', 'b'],
        errors=[[1.0, None], [2.0, 4.0], [None, None]],
    )  # fmt: skip
    frame = results_frame([record])
    assert frame.error.tolist()[:2] == [1.0, 3.0]
    assert np.isnan(frame.error[2]) and np.isnan(frame.error_b[0])
    assert frame.subject.tolist() == [0, 1, 2]
    assert usable([record])[0][0]['role'] == 'final'


@pytest.mark.parametrize(
    'change, said',
    [
        (dict(errors=np.full((12, 3), np.inf)), 'infinite'),
        (dict(errors=np.full((12, 3), -1.0)), 'negative'),
        (dict(errors=np.full((12, 3), np.nan)), 'no image has an error'),
        (dict(errors=np.ones((4, 3))), 'of shape (4, 3)'),
        (dict(errors=[[1.0], [1.0, 2.0]]), 'do not fit'),
        (dict(role='test'), "found 'test'"),
    ],
)
def test_an_unusable_run_is_left_out_with_a_warning(change, said):
    finals, _, warnings = usable([run('FT'), run('CTD-ED', **change)])
    assert [record['system'] for record in finals] == ['FT']
    assert len(warnings) == 1 and said in warnings[0]


def test_a_run_that_misses_images_is_left_out():
    """Its ME would be that of easier faces."""
    errors = run('CTD-ED')['errors'].copy()
    errors[3] = np.nan
    finals, _, warnings = usable(
        [*runs(('FT',)), run('CTD-ED', errors=errors)]
    )
    assert {record['system'] for record in finals} == {'FT'}
    assert 'CTD-ED, n=20, seed 0: left out' in warnings[0]


def test_of_a_run_made_twice_the_later_is_used():
    later = run('FT', factor=2.0, started='2027-01-01T00:00:00')
    (found,), _, warnings = usable([later, run('FT')])
    np.testing.assert_array_equal(found['errors'], later['errors'])
    assert 'found 2 times' in warnings[0]


def test_trials_stay_apart():
    finals, trials, _ = usable([run('FT'), run('FT', role='trial')])
    assert len(finals) == len(trials) == 1


def test_stored_records_are_read_back(tmp_path):
    records = [
        r | {'key': f'{i}', 'options': {'lr': 1e-4}, 'sites': ('', 'NA') * 6}
        for i, r in enumerate(runs(budgets=(20,), seeds=(0, 1)))
    ]
    records[0]['errors'][2, 1] = np.nan
    # A run that belongs to two studies is stored once.
    records.append(records[0] | {'study': 'other'})
    paths = write_records(records, tmp_path, 'toy')
    assert len(pd.read_csv(paths[1])) == 6 * 12
    before = [path.read_bytes() for path in paths]
    found = read_records(tmp_path, 'toy')
    for ours, theirs in zip(records, found, strict=True):
        for name, value in ours.items():
            np.testing.assert_array_equal(value, theirs[name], name)
    assert [p.read_bytes() for p in write_records(found, tmp_path, 'toy')] == (
        before
    )


def test_other_files_are_refused(tmp_path):
    with pytest.raises(MissingFileError):
        read_records(tmp_path, 'none')
    path = tmp_path / 'bad_runs.csv.gz'
    path.write_bytes(b'no gzip')
    with pytest.raises(InputError) as refused:
        read_records(tmp_path, 'bad')
    assert refused.value.where == str(path)
