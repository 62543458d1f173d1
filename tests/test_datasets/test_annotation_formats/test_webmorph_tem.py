"""WebMorph's template files."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from template_text import format_tem

from mmpose_ctd.datasets.annotation_formats.webmorph_tem import (
    RecordRefused,
    TemLine,
    parse_tem,
    read_tem,
)


@st.composite
def templates(draw):
    count = draw(st.integers(1, 12))
    numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)
    points = draw(arrays(np.float64, (count, 2), elements=numbers))
    indices = st.lists(st.integers(0, count - 1), max_size=5)
    lines = st.builds(TemLine, st.booleans(), indices.map(tuple))
    return points, draw(st.lists(lines, max_size=4))


@settings(max_examples=30)
@given(templates())
def test_template_survives_a_round_trip(template):
    points, lines = parse_tem(format_tem(*template))
    np.testing.assert_array_equal(points, template[0])
    assert points.dtype == np.float64
    assert lines == template[1]


@settings(max_examples=30)
@given(templates(), st.data())
def test_every_truncation_of_a_template_is_refused(template, data):
    rows = [row for row in format_tem(*template).splitlines() if row]
    kept = data.draw(st.integers(0, len(rows) - 1))
    with pytest.raises(RecordRefused, match='found the end after'):
        parse_tem('\n'.join(rows[:kept]))


@settings(max_examples=30)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        points, _ = parse_tem(text)
    except RecordRefused:
        return
    assert np.isfinite(points).all()


@pytest.mark.parametrize(
    'text, message',
    [
        ('', 'found the end after 0 rows, expected the number of points'),
        ('two\n', "found 'two' in row 1, expected the number of points"),
        ('-1\n', "found '-1' in row 1"),
        ('1_0\n', "found '1_0' in row 1"),
        ('9' * 5000, 'expected the number of points'),
        ('999999999\n1 2\n', 'expected point 2 of 999999999'),
        ('1\n1\n0\n', 'found \'1\' in row 2, expected point 1 of 1 as "x y"'),
        ('1\n1 2 3\n0\n', "found '1 2 3' in row 2"),
        ('1\nnan 2\n0\n', "found 'nan 2' in row 2"),
        ('1\n1 inf\n0\n', "found '1 inf' in row 2"),
        ('1\n1 2\n1\n2\n1\n0\n', "found '2' in row 4, expected 0 or 1"),
        ('1\n1 2\n1\n0\n1\n1\n', "found '1' in row 6, expected 1 indices"),
        ('1\n1 2\n1\n0\n2\n0\n', "found '0' in row 6, expected 2 indices"),
        ('1\n1 2\n0\n7\n', "found '7' in row 4, expected the end of the file"),
    ],
)
def test_a_malformed_template_says_what_is_wrong(text, message):
    with pytest.raises(RecordRefused) as error:
        parse_tem(text, 'x.tem')
    assert str(error.value).startswith('x.tem: ')
    assert message in str(error.value)


def test_a_template_may_have_tabs_other_line_ends_and_a_byte_order_mark(
    tmp_path,
):
    path = tmp_path / 'x.tem'
    path.write_bytes(b'\xef\xbb\xbf1\r\n1.5\t2\r\n\r\n0\r\n')
    points, lines = read_tem(path)
    assert points.tolist() == [[1.5, 2.0]] and lines == []


def test_a_template_of_bytes_is_refused_by_name(tmp_path):
    path = tmp_path / 'x.tem'
    path.write_bytes(b'\xff\xfe\x00')
    with pytest.raises(RecordRefused, match='x.tem: found bytes'):
        read_tem(path)
