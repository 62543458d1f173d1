"""Records as a table, as files, and which of them can be used."""

import doctest

import numpy as np
import pytest
from comparison_runs import run, runs

from mmpose_ctd.apis.comparing import label_sections
from mmpose_ctd.apis.comparing import results_frame as module
from mmpose_ctd.apis.comparing.results_frame import (
    results_frame,
    usable,
)


@pytest.mark.parametrize('of', [module, label_sections])
def test_the_examples(of):
    found = doctest.testmod(of)
    assert found.attempted and not found.failed


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
