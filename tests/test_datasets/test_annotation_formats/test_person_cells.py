"""What cells say of a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmpose_ctd.datasets.annotation_formats import Refused
from mmpose_ctd.datasets.annotation_formats.person_cells import (
    checked_age,
    sex_word,
    subject_of_cell,
)


@pytest.mark.parametrize(
    'text',
    [
        *('', ' ', '-', 'NA', 'n/a', 'N.A.', 'unknown', 'None', '#N/A'),
        *('#NV', '#REF!', '#WERT!', '#NAME?', '#DIV/0!', '#####', 'Err:502'),
    ],
)
def test_what_is_missing_or_an_error_is_nobody(text):
    assert subject_of_cell(text) == ''


@pytest.mark.parametrize('text', ['=A3', '1,20E+12', '1.2e+12', '3E-05'])
def test_what_a_spreadsheet_spoilt_is_refused(text):
    with pytest.raises(Refused):
        subject_of_cell(text)


@pytest.mark.parametrize('text', ['#12', 'E+12', '12E4', 'S-1', '007', 'Nas'])
def test_ids_are_kept(text):
    assert subject_of_cell(text) == text


@given(st.from_regex('[A-Z]{1,2}[0-9]{1,4}(-[0-9]+)?', fullmatch=True))
def test_a_letter_and_digits_are_an_id(text):
    assert subject_of_cell(text) == text


def test_sexes():
    words = ['F', 'weiblich', 'm', 'Boy', 'n/a', 'x', '1']
    found = ['f', 'f', 'm', 'm', '', None, None]
    assert [sex_word(word) for word in words] == found


@pytest.mark.parametrize('age', [-0.1, 120.5, 450])
def test_ages_that_nobody_has_are_refused(age):
    with pytest.raises(Refused):
        checked_age(age, str(age))


def test_other_ages_are_kept():
    assert [checked_age(age, '') for age in (0, 4.5, 120)] == [0, 4.5, 120]
