"""Whose IMAGE=, ID= and SCALE= a line of a tps file is."""

import pytest

from mmpose_ctd.datasets.annotation_formats.tps_specimens import (
    split_specimens,
)


def split(*lines):
    """Specimens of one point; R is its row."""
    text = '\n'.join('1 2' if line == 'R' else line for line in lines)
    return split_specimens(text)


@pytest.mark.parametrize(
    'lines',
    [
        ['LM=1', 'R', 'IMAGE=a', 'ID=0', 'LM=1', 'R', 'IMAGE=b', 'ID=1'],
        ['IMAGE=a', 'ID=0', 'LM=1', 'R', 'IMAGE=b', 'ID=1', 'LM=1', 'R'],
        ['LM=1', 'IMAGE=a', 'ID=0', 'R', 'LM=1', 'IMAGE=b', 'ID=1', 'R'],
        # Both conventions in one file.
        ['IMAGE=a', 'ID=0', 'LM=1', 'R', 'LM=1', 'R', 'IMAGE=b', 'ID=1'],
        ['LM=1', 'R', 'IMAGE=a', 'ID=0', 'IMAGE=b', 'ID=1', 'LM=1', 'R'],
        ['IMAGE=a', 'LM=1', 'R', 'ID=0', 'IMAGE=b', 'LM=1', 'R', 'ID=1'],
        ['ID=0', 'LM=1', 'R', 'IMAGE=a', 'ID=1', 'LM=1', 'R', 'IMAGE=b'],
    ],
)
def test_each_specimen_gets_its_own_lines(lines):
    first, second = split(*lines)
    assert not first.doubt and not second.doubt
    assert first.named == {'IMAGE': 'a', 'ID': '0'}
    assert second.named == {'IMAGE': 'b', 'ID': '1'}


@pytest.mark.parametrize(
    'lines',
    [
        ['LM=1', 'R', 'IMAGE=a', 'LM=1', 'R'],
        # One IMAGE= was lost before the first specimen, or after the last.
        ['LM=1', 'R', 'IMAGE=b', 'LM=1', 'R', 'IMAGE=c', 'LM=1', 'R'],
        ['IMAGE=a', 'LM=1', 'R', 'SCALE=2', 'IMAGE=b', 'LM=1', 'R'],
        ['LM=1', 'R', 'IMAGE=a', 'IMAGE=c', 'LM=1', 'R', 'IMAGE=b'],
    ],
)
def test_a_line_that_may_be_the_neighbours_is_a_doubt(lines):
    assert all(specimen.doubt for specimen in split(*lines))


def test_only_the_specimens_in_doubt_are_lost():
    lines = ['LM=1', 'R', 'IMAGE=a', 'LM=1', 'R', 'LM=1', 'R', 'IMAGE=c']
    doubts = [bool(specimen.doubt) for specimen in split(*lines)]
    assert doubts == [True, True, False]


def test_a_scale_that_is_missing_does_not_disturb_tpsdigs_order():
    first, second = split(
        *['LM=1', 'R', 'IMAGE=a', 'ID=0', 'SCALE=2'],
        *['LM=1', 'R', 'IMAGE=b', 'ID=1'],
    )
    assert not first.doubt and not second.doubt
    assert first.value('SCALE') == '2' and not second.value('SCALE')


def test_a_comment_may_have_several_lines():
    first, second = split(
        *['LM=1', 'R', 'IMAGE=a', 'COMMENT=it moved', 'and again'],
        *['LM=1', 'COMMENT=it moved', 'and again', 'R', 'IMAGE=b'],
    )
    assert not first.strays and not second.strays
    assert first.rows == [(2, '1 2')] and second.rows == [(9, '1 2')]


def test_rows_before_the_first_specimen_are_not_lost():
    (specimen,) = split('R', 'LM=1', 'R', 'IMAGE=a')
    assert specimen.strays == [(1, '1 2')]
