"""No table starts a program, and what was written is read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmpose_ctd.table_cells import original_cell, safe_cell

SIGNS = '=+-@\t\r\n＝＋－＠'
#: Texts of which many begin with a sign or an apostrophe.
CELLS = st.one_of(
    st.text(max_size=8), st.text(alphabet=SIGNS + "'1.x", max_size=6)
)


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.strip() == text


@given(CELLS)
def test_a_cell_is_shown_and_its_text_comes_back(text):
    cell = safe_cell(text)
    assert original_cell(cell) == text
    assert not cell.startswith(tuple(SIGNS)) or is_number(cell)


@pytest.mark.parametrize(
    'value', [-2.5, 3, None, '-2.5', '+1', '-1e-3', '-inf', 'a=b', "it's", "'"]
)
def test_numbers_and_plain_texts_stay_as_they_are(value):
    assert safe_cell(value) is value


@pytest.mark.parametrize(
    'text',
    ['=1+1', '-1+1', '+A1', '@SUM(A1)', '\t=1', '\r=1', '-1_0', '-', '-1 '],
)
def test_formulas_are_quoted(text):
    assert safe_cell(text) == "'" + text
