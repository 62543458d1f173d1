"""Numbers, flags and people in the cells of tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import refused

from mmpose_ctd.datasets.annotation_formats import Refused
from mmpose_ctd.datasets.annotation_formats.cells import (
    decimal_mark,
    finite_or_nan,
    sex_word,
    subject_of_cell,
    visibility,
)
from mmpose_ctd.datasets.annotation_formats.table_file import column_of
from mmpose_ctd.errors import InputError


def mark_of(*cells, **options):
    return decimal_mark([('here', cell) for cell in cells], **options)


@pytest.mark.parametrize(
    'cells, mark',
    [
        (['640', 'NA', '', 'text'], '.'),
        (['640,25', '1034'], ','),
        # These show what 1.034 is.
        (['1.034', '0.152'], '.'),
        (['1,034', '0,152'], ','),
        (['1,034', '10,5'], ','),
        # No photograph has 512,125 pixels a side.
        (['1,034', '512,125'], ','),
        (['1,034', '1,034e+02'], ','),
    ],
)
def test_the_decimal_mark_is_found(cells, mark):
    assert mark_of(*cells) == mark
    assert mark_of(*reversed(cells)) == mark


@pytest.mark.parametrize(
    'cells, found',
    [
        (['640', '1,034'], '1,034'),
        (['-12,500', '640'], '-12,500'),
        (['10.5', '1,034'], '1,034'),
        (['1.034', '1,034'], '1.034'),
        (['1.034,5'], '1.034,5'),
        (["1'034.5"], "1'034.5"),
        (['1\u202f034,5'], '1\\u202f034,5'),
        (['10,34,500'], '10,34,500'),
    ],
)
def test_a_number_that_can_be_read_in_two_ways_is_refused(cells, found):
    with refused('here', found=found, cure='--decimal-mark'):
        mark_of(*cells)
    assert mark_of(*cells, stated=',') == ','


@pytest.mark.parametrize('text', ['10,34', '1,0345', '1 03', "1'03", ',5.5,'])
def test_other_groups_are_not_numbers(text):
    with pytest.raises(ValueError):
        finite_or_nan(text, '.', grouped=True)


@given(
    st.integers(1000, 99_999),
    st.sampled_from([',', ' ', "'", '\u2019', '\xa0', '\u202f']),
    st.booleans(),
)
def test_grouped_numbers_are_refused_unless_stated(value, mark, fraction):
    text = f'{value:,}'.replace(',', mark) + '.5' * fraction
    with pytest.raises(InputError):
        mark_of('640', text)
    assert finite_or_nan(text, '.', grouped=True) == value + 0.5 * fraction


def test_visibility_is_a_word_or_a_number():
    for value, texts in {
        2: ('TRUE', 'yes', '2', ''),
        1: ('1', '1.0'),
        0: ('FALSE', 'no', '0', 'hidden', 'Nein'),
    }.items():
        assert {visibility(text) for text in texts} == {value}
    for text in ('3', '-1', '0.5', 'maybe', 'nan', '1,0'):
        with pytest.raises(ValueError):
            visibility(text)


@pytest.mark.parametrize(
    'text',
    [
        *('', ' ', '-', 'NA', 'n/a', 'N.A.', 'unknown', 'None', '#N/A'),
        *('#NV', '#REF!', '#WERT!', '#NAME?', '#DIV/0!', '#####', 'Err:502'),
    ],
)
def test_a_missing_value_or_an_error_is_nobody(text):
    assert subject_of_cell(text) == ''


@pytest.mark.parametrize('text', ['=A3', '1,20E+12', '1.2e+12', '3E-05'])
def test_a_subject_that_a_spreadsheet_spoilt_is_refused(text):
    with pytest.raises(Refused) as error:
        subject_of_cell(text)
    assert error.value.cure and text not in str(error.value)


def test_ids_are_kept():
    for text in ('#12', 'E+12', '12E4', 'S-1', '007', 'Nas', 'E1-12', 'NA1'):
        assert subject_of_cell(text) == text


def test_sexes_are_words():
    words = ['F', 'weiblich', 'm', 'Boy', 'n/a', 'x', '1']
    found = ['f', 'f', 'm', 'm', '', None, None]
    assert [sex_word(word) for word in words] == found


@pytest.mark.parametrize(
    'title, key',
    [
        ('Patient ID', 'subject'),
        ('Zentrum', 'site'),
        ('Alter (Jahre)', 'age'),
        ('mm_per_px', 'mm_per_px'),
        ('date of birth', None),
        ('Punkt', 'landmark'),
        ('Âge', 'age'),
        ('A\u0302ge', 'age'),
        # It might be the case-control status.
        ('case', None),
    ],
)
def test_titles_are_understood_or_left_alone(title, key):
    assert column_of(title) == key
