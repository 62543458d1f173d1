"""Tables of points, wide and long, of any country."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmpose_ctd.datasets.annotation_formats import FORMATS, Source
from mmpose_ctd.datasets.annotation_formats.csv_titles import point_columns
from mmpose_ctd.datasets.annotation_formats.point_record import plain_name
from mmpose_ctd.datasets.annotation_formats.table_file import column_of
from mmpose_ctd.errors import InputError

WIDE = (
    'image,exo_R_x,exo_R_y,exo_L_x,exo_L_y,patient,age\n'
    'a.jpg,1.5,2,3,4.25,P7,4.5\n'
    'b.jpg,5,6,,,P8,\n'
)
LONG = (
    'file;landmark;x;y\n'
    'a.jpg;exo_R;1,5;2\n'
    'a.jpg;exo_L;3;4,25\n'
    'b.jpg;exo_R;5;6\n'
)
NO_LANDMARKS = (
    *('min', 'tl', 'br', 'rb', 'lt', 'roi', 'crop', 'size', 'scale', 'dpi'),
    *('origin', 'offset', 'center', 'centre', 'rect', 'resolution'),
)
EXPECTED = {
    'a.jpg': [[1.5, 2], [3, 4.25]],
    'b.jpg': [[5, 6], [np.nan, np.nan]],
}


def read(tmp_path, text, encoding='utf-8'):
    path = tmp_path / 'points.csv'
    path.write_bytes(text.encode(encoding))
    return FORMATS['csv'].read([Source(str(path), 'points.csv')]).records


def german(text):
    return text.replace(',', ';').replace('.', ',').replace(',jpg', '.jpg')


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
@pytest.mark.parametrize(
    'text',
    [
        WIDE,
        WIDE.replace('\n', '\r\n'),
        WIDE.replace(',', ' , '),
        WIDE.replace(',', '\t'),
        german(WIDE),
        'sep=;\n' + german(WIDE),
        WIDE.replace('\n', '\n\n'),
        '\n\n' + WIDE,
        WIDE.replace(',,', ',NA,n/a'),
        WIDE.replace('_x', ' (X)').replace('_y', ' (Y)'),
        WIDE.replace('_x', '.x [px]').replace('_y', '.y [px]'),
        WIDE.replace('exo_R_x', 'x_exo_R')
        .replace('exo_R_y', 'y_exo_R')
        .replace('exo_L_x', 'x_exo_L')
        .replace('exo_L_y', 'y_exo_L'),
        LONG,
        LONG.replace('file;landmark', 'Photo Name;Point'),
    ],
)
def test_the_same_points_come_out_of_every_fashion(tmp_path, text, encoding):
    records = read(tmp_path, text, encoding)
    assert [r.problem for r in records] == [None, None]
    for record in records:
        assert record.names == ('exo_R', 'exo_L')
        assert np.array_equal(
            record.points, EXPECTED[record.image], equal_nan=True
        )


def test_subject_and_age_come_along(tmp_path):
    first, second = read(tmp_path, WIDE)
    assert first.fields == {'subject': 'P7', 'age': 4.5}
    assert second.fields == {'subject': 'P8'}


def test_size_of_the_photograph_is_read(tmp_path):
    text = 'image,a_x,a_y,width,height\na.jpg,1,2,640,480\n'
    (record,) = read(tmp_path, text)
    assert record.size == (640, 480)
    assert record.names == ('a',)


def test_numbered_columns_have_no_names_and_their_own_order(tmp_path):
    text = 'image,x2,y2,x10,y10,x1,y1\na.jpg,3,4,9,9,1,2\n'
    (record,) = read(tmp_path, text)
    assert record.names is None
    assert record.points.tolist() == [[1, 2], [3, 4], [9, 9]]


def test_numbered_landmarks_of_a_long_table_have_no_names(tmp_path):
    text = 'image,landmark,x,y\na.jpg,10,9,9\na.jpg,2,3,4\n'
    (record,) = read(tmp_path, text)
    assert record.names is None
    assert record.points.tolist() == [[3, 4], [9, 9]]


def test_visibility_of_0_is_missing(tmp_path):
    text = 'image,landmark,x,y,visible\na.jpg,n,0,0,0\na.jpg,m,1,1,1\n'
    (record,) = read(tmp_path, text)
    assert record.visible.tolist() == [0, 1]
    assert np.isnan(record.points[0]).all()


@pytest.mark.parametrize(
    'row, found',
    [
        ('a.jpg,1,two', "'two'"),
        ('a.jpg,1_0,2', "'1_0'"),
        ('a.jpg,inf,2', "'inf'"),
        ('a.jpg,1e999,2', "'1e999'"),
        ('a.jpg,1,', 'only one of x, y'),
        ('a.jpg,NA,2', 'only one of x, y'),
        (',1,2', 'photograph'),
    ],
)
def test_a_bad_row_is_reported_by_its_number(tmp_path, row, found):
    text = f'image,n_x,n_y\nb.jpg,1,2\n{row}\n'
    good, bad = read(tmp_path, text)
    assert good.problem is None
    assert found in bad.problem
    assert bad.source == 'points.csv, row 3'


def test_other_columns_may_hold_points_beside_decimal_commas(tmp_path):
    text = 'image;n_x;n_y;patient\na.jpg;1,5;2;1.234\n'
    (record,) = read(tmp_path, text)
    assert record.problem is None and record.points.tolist() == [[1.5, 2]]


def test_a_quoted_decimal_comma_is_read(tmp_path):
    (record,) = read(tmp_path, 'image,n_x,n_y\na.jpg,"0,15",2\n')
    assert record.points.tolist() == [[0.15, 2]]


def test_unquoted_decimal_commas_are_guessed(tmp_path):
    with pytest.raises(InputError) as error:
        read(tmp_path, 'image,n_x,n_y\na.jpg,1,5,2,5\n')
    assert 'decimal commas' in error.value.found


def test_a_landmark_twice_is_refused(tmp_path):
    text = 'image,landmark,x,y\na.jpg,n,1,2\na.jpg,n,3,4\n'
    (record,) = read(tmp_path, text)
    assert "'n'" in record.problem


@pytest.mark.parametrize(
    'text, words',
    [
        ('', 'empty'),
        ('a\n1\n', 'has no columns'),
        ('n_x,n_y\n1,2\n', 'no column of photographs'),
        ('image,age\na.jpg,3\n', 'no points among its columns'),
        ('image,n_x,n_y\na.jpg,1,2,3\n', 'do not fit together'),
        ('image,n_x,n_y\na.jpg,"1,2\n', 'do not fit together'),
    ],
)
def test_a_table_without_points_is_refused(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read(tmp_path, text)


def test_a_spreadsheet_is_refused_in_words(tmp_path):
    path = tmp_path / 'points.xlsx'
    path.write_bytes(b'PK\3\4')
    with pytest.raises(InputError) as error:
        FORMATS['csv'].read([Source(str(path), 'points.xlsx')])
    assert 'CSV' in error.value.cure


@given(
    st.lists(
        st.from_regex(r'[a-wA-W][a-wA-W0-9_]{0,8}[a-wA-W]', fullmatch=True)
        .filter(lambda name: 'box' not in name.lower())
        .filter(lambda name: name.lower() not in NO_LANDMARKS),
        unique_by=plain_name,
        min_size=1,
        max_size=6,
    )
)
def test_any_names_are_found_in_their_order(names):
    titles = ['image', *[f'{n}_{axis}' for n in names for axis in 'xy']]
    found, boxes = point_columns(titles)
    assert list(found) == names and not boxes


@pytest.mark.parametrize(
    'title, key',
    [
        ('Patient ID', 'subject'),
        ('file_name', 'image'),
        ('Image', 'image'),
        ('Centre', 'site'),
        ('mm_per_px', 'mm_per_px'),
        ('name of mother', None),
        ('date of birth', None),
        # It might be the case-control status.
        ('case', None),
    ],
)
def test_titles_are_understood_or_left_alone(title, key):
    assert column_of(title) == key
