"""Tables of points, wide and long, of any country."""

import re

import numpy as np
import pytest
from point_files import read_points

from mmpose_ctd.datasets.annotation_formats import FORMATS, ReadOptions, Source
from mmpose_ctd.datasets.preparation.landmark_choice import read_landmarks
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
EXPECTED = {
    'a.jpg': [[1.5, 2], [3, 4.25]],
    'b.jpg': [[5, 6], [np.nan, np.nan]],
}
GERMAN = WIDE.replace(',', ';').replace('.', ',').replace(',jpg', '.jpg')


def read(tmp_path, text):
    return read_points(tmp_path, 'csv', text).records


def refused(tmp_path, text) -> InputError:
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert error.value.where.startswith('x.csv')
    assert error.value.found
    return error.value


@pytest.mark.parametrize(
    'text',
    [
        WIDE,
        WIDE.replace('\n', '\r\n'),
        'sep=;\n' + GERMAN,
        '\n\n' + WIDE.replace('\n', '\n\n'),
        WIDE.replace(',,', ',NA,n/a'),
        WIDE.replace('_x', ' (X)').replace('_y', ' (Y)'),
        WIDE.replace('_x', '.x [px]').replace('_y', '.y [px]'),
        WIDE.replace('_x', '_x pixels').replace('_y', '_y.px'),
        re.sub(r'(exo_.)_([xy])', r'\2_\1', WIDE),
        LONG,
        LONG.replace('file;landmark', 'Photo Name;Point'),
    ],
)
def test_one_table_in_every_fashion(tmp_path, text):
    records = [
        record
        for encoding in ('utf-8', 'utf-8-sig', 'utf-16')
        for record in read(tmp_path, text.encode(encoding))
    ]
    assert [r.problem for r in records] == [None] * 6
    for record in records:
        assert record.names == ('exo_R', 'exo_L')
        expected = EXPECTED[record.image]
        assert np.array_equal(record.points, expected, equal_nan=True)
    if 'patient' in text:
        assert records[0].fields == {'subject': 'P7', 'age': 4.5}
        assert records[1].fields == {'subject': 'P8'}


@pytest.mark.parametrize(
    'text, numbers, points',
    [
        ('image,x9,y9,x2,y2\na.jpg,9,9,1,2\n', (2, 9), [[1, 2], [9, 9]]),
        ('image,x10,y10,x1,y1\na,9,9,1,2\n', (1, 10), [[1, 2], [9, 9]]),
        ('image,point,x,y\na,10,9,9\na,2,3,4\n', (2, 10), [[3, 4], [9, 9]]),
    ],
)
def test_numbered_points_keep_their_numbers(tmp_path, text, numbers, points):
    (record,) = read(tmp_path, text)
    assert record.names is None
    assert record.numbers == numbers
    assert record.points.tolist() == points


@pytest.mark.parametrize(
    'row, found',
    [
        ('a.jpg,1,two', "'two'"),
        ('a.jpg,inf,2', "'inf'"),
        ('a.jpg,1,', 'only one of x, y'),
    ],
)
def test_a_bad_row_is_reported_by_its_number(tmp_path, row, found):
    text = f'image,n_x,n_y,width,height\nb.jpg,1,2,640,480\n{row},,\n'
    good, bad = read(tmp_path, text)
    assert good.problem is None and good.size == (640, 480)
    assert found in bad.problem
    assert bad.source == 'x.csv, row 3'


def test_decimal_commas_are_found_in_columns_of_numbers(tmp_path):
    text = 'image;n_x;n_y;patient\na.jpg;1,5;2;1.234\n'
    (record,) = read(tmp_path, text)
    assert record.problem is None and record.points.tolist() == [[1.5, 2]]


def test_a_thousand_or_a_decimal_is_refused_with_the_choice(tmp_path):
    text = 'image,n_x,n_y\na.jpg,640,"1,034"\n'
    error = refused(tmp_path, text)
    assert '1,034' in error.found and 'row 2' in error.where
    for stated, value in (('.', 1034), (',', 1.034)):
        options = ReadOptions(stated)
        reading = read_points(tmp_path, 'csv', text, options=options)
        assert reading.records[0].points.tolist() == [[640, value]]


@pytest.mark.parametrize(
    'text, found',
    [
        ('', 'empty'),
        ('image,age\na.jpg,3\n', 'no points among its columns'),
        ('image,n_x,n_y\na.jpg,1,5,2,5\n', '5 cells: decimal commas'),
        ('image,n_x,n_y\na.jpg,"1,2\n', 'cannot be read'),
        ('image,label,x,y,w,h\na.jpg,face,50,40,300,380\n', 'boxes'),
        # Rows of points and columns of points.
        ('image,label,x,y,n_x,n_y\na.jpg,face,50,40,1,2\n', "'n_x'"),
        ('image,landmark,x,y\na.jpg,n,1,2\nb.jpg,N,3,4\n', "'n' and 'N'"),
        # A landmark twice, or points in two fashions.
        ('image,n_x,n_y,N_x,N_y\na,1,2,3,4\n', 'are one'),
        ('image,n_x,n_y,n.x,n.y\na,1,2,3,4\n', 'one coordinate'),
        ('image,x1,y1,x01,y01\na,1,2,3,4\n', 'one landmark'),
        ('image,n_x,n_y,x1,y1\na,1,2,3,4\n', 'and columns such as'),
        # Merged cells: the second point is of nobody.
        ('image,landmark,x,y\na.jpg,n,1,2\n,m,3,4\n', 'row 3'),
    ],
)
def test_a_table_without_certain_points_is_refused(tmp_path, text, found):
    assert found in refused(tmp_path, text).found


def test_a_spreadsheet_is_refused_with_a_cure(tmp_path):
    sources = [Source('points.xlsx', 'points.xlsx')]
    with pytest.raises(InputError, match='Save it as CSV'):
        FORMATS['csv'].read(sources)


@pytest.mark.parametrize(
    'titles, doubtful',
    [
        # Tragion, left and right.
        ('tl_x,tl_y,tr_x,tr_y', ['tl']),
        ('nose_x,nose_y,nose_width,nose_height', ['nose']),
        ('mouth.x,mouth.y,mouth.w,mouth.h', ['mouth']),
        ('max_x,max_y', ['max']),
        ('bbox_x,bbox_y,bbox_w,bbox_h', ['bbox']),
        ('faceRectX,faceRectY', ['faceRect']),
        ('nose_x,nose_y,nose_width,nose_depth', []),
        ('x,y,width,height', []),
        # Written in another way than the landmarks.
        ('xmin,ymin,xmax,ymax', []),
    ],
)
def test_a_landmark_that_may_be_a_box_is_asked_about(
    tmp_path, titles, doubtful
):
    values = ','.join('50' for _ in titles.split(','))
    # If points have numbers, a column with a name is not a point.
    text = f'image,{titles},x1,y1\na.jpg,{values},1,2\n'
    if 'tr_x' not in titles and 'depth' not in titles:
        (record,) = read(tmp_path, text)
        assert record.points.tolist() == [[1, 2]] and record.numbers == (1,)
    reading = read_points(tmp_path, 'csv', text.replace('x1,y1', 'n_x,n_y'))
    (record,) = reading.records
    assert reading.doubtful == doubtful and record.size is None
    if doubtful:
        with pytest.raises(InputError) as error:
            read_landmarks(None, reading.records, doubtful=reading.doubtful)
        assert repr(doubtful[0]) in error.value.found
    landmarks = tmp_path / 'names.txt'
    for names in (['n'], [*doubtful, 'n']):
        landmarks.write_text('\n'.join(names))
        choice = read_landmarks(
            str(landmarks), reading.records, doubtful=reading.doubtful
        )
        points, _ = choice.choose(record)
        assert points.tolist() == [[50, 50]] * (len(names) - 1) + [[1, 2]]


@pytest.mark.parametrize(
    'text, is_read',
    [
        # The second point keeps its place; without the last, all may move.
        ('image,x2,y2,x3,y3,x9,y9\na.jpg,1,2,,,5,6\n', True),
        ('image,x2,y2,x3,y3,x9,y9\na.jpg,1,2,3,4,NA,NA\n', True),
        ('image,x2,y2,x3,y3,x9,y9\na.jpg,1,2,3,4,,\n', False),
        ('image,x2,y2,x3,y3,x9,y9\na.jpg,1,2,3,4\n', False),
        ('image,n_x,n_y,m_x,m_y\na.jpg,1,2,,\n', True),
        ('image,n_x,n_y,m_x,m_y\na.jpg,1,2\n', False),
        ('image,landmark,x,y\nb,1,1,2\nb,2,3,4\na.jpg,1,1,2\n', False),
        ('image,landmark,x,y\nb,n,1,2\nb,m,3,4\na.jpg,n,1,2\n', True),
        # A landmark twice.
        ('image,landmark,x,y\na.jpg,n,1,2\na.jpg,n,3,4\n', False),
    ],
)
def test_a_forgotten_click_moves_no_point(tmp_path, text, is_read):
    record = read(tmp_path, text)[-1]
    assert (record.problem is None) == is_read


@pytest.mark.parametrize(
    ('column', 'missing'),
    [
        ('visible', 'FALSE'),
        ('v', '0'),
        ('visible', 'hidden'),
        ('missing', 'yes'),
    ],
)
def test_a_column_says_which_points_are_missing(tmp_path, column, missing):
    text = (
        f'image,landmark,x,y,{column}\na.jpg,n,1,2,\na.jpg,m,3,4,{missing}\n'
    )
    (record,) = read(tmp_path, text)
    assert record.visible.tolist() == [2, 0]
    assert np.isnan(record.points[1]).all()


def test_visibility_of_wide_tables_is_read(tmp_path):
    text = 'image,n_x,n_y,n_visible,m_x,m_y,m_visible\na.jpg,1,2,1,3,4,no\n'
    (record,) = read(tmp_path, text)
    assert record.names == ('n', 'm')
    assert record.visible.tolist() == [1, 0]
    (record,) = read(tmp_path, text.replace('no', 'perhaps'))
    assert "'perhaps'" in record.problem
