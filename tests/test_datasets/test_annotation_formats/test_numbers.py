"""Numbers of any country, and those that can be read in two ways."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmpose_ctd.datasets.annotation_formats.numbers import (
    decimal_mark,
    finite_or_nan,
    visibility,
)
from mmpose_ctd.errors import InputError


def mark_of(*cells, **options):
    return decimal_mark([('here', cell) for cell in cells], **options)


@pytest.mark.parametrize(
    'cells, mark',
    [
        (['640', 'NA', '', 'text'], '.'),
        (['640', '1034.5'], '.'),
        (['640,25', '1034'], ','),
        # These show what 1.034 is.
        (['1.034', '0.152'], '.'),
        (['1,034', '0,152'], ','),
        (['1,034', '10,5'], ','),
        (['1,034', '1034,250'], ','),
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
        (['640', '1.034'], '1.034'),
        (['-12,500', '640'], '-12,500'),
        (['10.5', '1,034'], '1,034'),
        (['10,5', '1.034'], '1.034'),
        (['1.034', '1,034'], '1.034'),
        (['10,5', '10.5'], '10.5'),
        (['1.034,5'], '1.034,5'),
        (['1,034.5'], '1,034.5'),
        (["1'034.5"], "1'034.5"),
        (['1\u2019034'], '1\u2019034'),
        (['1\u202f034,5'], '1\\u202f034,5'),
        (['1\xa0034'], '1\\xa0034'),
        (['1.034.500'], '1.034.500'),
        (['10,34,500'], '10,34,500'),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(cells, found):
    with pytest.raises(InputError) as error:
        mark_of(*cells)
    assert found in error.value.found
    assert error.value.where == 'here'
    assert '--decimal-mark' in error.value.cure
    assert mark_of(*cells, stated=',') == ','


@pytest.mark.parametrize(
    'text, decimal, value',
    [
        ('1,034', '.', 1034),
        ('1,034', ',', 1.034),
        ('1.034', ',', 1034),
        ('1.034,5', ',', 1034.5),
        ('1\u202f034,5', ',', 1034.5),
        ("1'034.5", '.', 1034.5),
        ('10,34,500.5', '.', 1034500.5),
        ('-1 034', '.', -1034),
    ],
)
def test_thousands_are_read_where_the_mark_is_stated(text, decimal, value):
    assert finite_or_nan(text, decimal, grouped=True) == value


@pytest.mark.parametrize('text', ['10,34', '1,0345', '1 03', "1'03", ',5.5,'])
def test_other_groups_are_no_numbers(text):
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


@given(st.text("0123456789.,eE+-' \xa0_infa", max_size=8))
def test_any_text_is_a_finite_number_missing_or_refused(text):
    for decimal in '.,':
        try:
            value = finite_or_nan(text, decimal, grouped=True)
        except ValueError:
            continue
        assert math.isfinite(value) or not any(map(str.isdigit, text))


@pytest.mark.parametrize(
    'text, value',
    [
        ('TRUE', 2),
        ('yes', 2),
        ('2', 2),
        ('', 2),
        ('1', 1),
        ('1.0', 1),
        ('FALSE', 0),
        ('no', 0),
        ('0', 0),
        ('hidden', 0),
        ('Nein', 0),
    ],
)
def test_visibility_is_a_word_or_a_number(text, value):
    assert visibility(text) == value


@pytest.mark.parametrize('text', ['3', '-1', '0.5', 'maybe', 'nan', '1,0'])
def test_other_visibilities_are_refused(text):
    with pytest.raises(ValueError):
        visibility(text)
