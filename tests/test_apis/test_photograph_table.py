"""What a user's table tells of the photographs."""

import pytest

from mmpose_ctd.apis.measuring.photograph_table import (
    PhotographTable,
    Subject,
)
from mmpose_ctd.errors import InputError, MissingFileError


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / 'images'
    for name in ('a.jpg', 'sub/b.png', 'sub/ü c.jpg'):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def read(images, text, encoding='utf-8'):
    path = images.parent / 'table.csv'
    path.write_bytes(text.encode(encoding))
    return PhotographTable(str(path), str(images))


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
def test_rows_find_their_photographs(images, encoding):
    table = read(
        images,
        'file,mm_per_px,age,sex,note\r\n'
        'a.jpg,0.12,3.5,F,x\r\n'
        'sub\\b.png,,4,male,\r\n'
        'sub/ü c.jpg,0.2,,,\r\n'
        'gone.jpg,0.2,,,\r\n',
        encoding,
    )
    assert table.get('a.jpg') == Subject(0.12, 3.5, 'f')
    assert table.get('sub/b.png') == Subject(None, 4.0, 'm')
    assert table.get('sub/ü c.jpg') == Subject(0.2, None, None)
    assert table.get('other.jpg') is None
    assert table.unknown == ['gone.jpg']
    assert table.columns >= {'mm_per_px', 'age', 'sex'}


def test_semicolons_and_decimal_commas(images):
    table = read(images, 'File;mm per px;Age\na.jpg;0,125;3,5\n')
    assert table.get('a.jpg') == Subject(0.125, 3.5, None)


@pytest.mark.parametrize(
    ('text', 'told'),
    [
        ('file,age\na.jpg,three\n', "row 2: age='three'"),
        ('file,age\na.jpg,-1\n', "row 2: age='-1'"),
        ('file,age\na.jpg,450\n', "row 2: age='450'"),
        ('file,mm_per_px\na.jpg,0\n', "row 2: mm_per_px='0'"),
        ('file,mm_per_px\n\na.jpg,inf\n', "row 3: mm_per_px='inf'"),
        ('file,sex\na.jpg,7\n', "row 2: sex='7'"),
        ('file,age\na.jpg,1\nA.JPG,2\n', 'row 3'),
        ('name,age\na.jpg,1\n', 'expected file'),
        ('file,note\na.jpg,1\n', 'expected file'),
        ('file,age,Age\na.jpg,1,2\n', "'age' and 'Age'"),
        ('', 'empty'),
    ],
)
def test_what_cannot_be_used_is_told(images, text, told):
    with pytest.raises(InputError, match=told):
        read(images, text)


def test_a_missing_table_is_told(images):
    with pytest.raises(MissingFileError, match='no such file'):
        PhotographTable(str(images / 'none.csv'), str(images))


@pytest.mark.parametrize('word', ['', 'n/a', '#N/A', 'unknown', '#REF!'])
def test_a_missing_subject_is_nobody(images, word):
    table = read(images, f'file,subject\na.jpg,{word}\nsub/b.png,#12\n')
    assert table.people == {'sub/b.png': '#12'}


@pytest.mark.parametrize('text', ['=A3', '1.20E+12'])
def test_a_subject_that_a_spreadsheet_spoilt_is_refused(images, text):
    with pytest.raises(InputError) as error:
        read(images, f'file,subject\na.jpg,{text}\n')
    assert error.value.where.endswith('row 2')


@pytest.mark.parametrize('other', ['12.05', '1.034', '1.2.2020', "1'034"])
def test_other_columns_do_not_decide_about_the_decimal_mark(images, other):
    table = read(
        images,
        'file;mm_per_px;age;sex;Datum;subject\n'
        f'a.jpg;0,152;4,5;w;{other};1,5\n',
    )
    assert table.get('a.jpg') == Subject(0.152, 4.5, 'f')
    assert table.people == {'a.jpg': '1,5'}
