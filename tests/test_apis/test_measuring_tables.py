"""Tables that a user brings: what is known of photographs, and norms."""

import numpy as np
import pytest
from refusals import refused
from scipy.stats import boxcox

from mmpose_ctd.apis.measuring.user_tables import (
    Norm,
    Norms,
    PhotographTable,
    Subject,
)
from mmpose_ctd.errors import InputError, MissingFileError

UNITS = dict(pfl='mm', index='1')
TITLES = 'measure,sex,age_min,age_max,unit,mean,sd'


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


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16'])
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
    assert table.rows == {
        'a.jpg': Subject(0.12, 3.5, 'f'),
        'sub/b.png': Subject(None, 4.0, 'm'),
        'sub/ü c.jpg': Subject(0.2, None, None),
    }
    assert table.unknown == ['gone.jpg']
    assert table.columns >= {'mm_per_px', 'age', 'sex'}


def test_names_count_from_the_folder(images):
    """Subfolders, which need not be measured, may hold the same name."""
    (images / 'sub/a.jpg').touch()
    table = read(images, 'file,age\na.jpg,3\n')
    assert table.rows == {'a.jpg': Subject(age=3)}
    with pytest.raises(InputError):
        read(images, 'file,age\na.jpeg,3\n')


@pytest.mark.parametrize('other', ['1.034', '1.2.2020', "1'034"])
def test_only_columns_of_numbers_decide_about_the_decimal_mark(images, other):
    table = read(
        images,
        'File;mm per px;Age;sex;Datum;subject\n'
        f'a.jpg;0,152;4,5;w;{other};1,5\n',
    )
    assert table.rows['a.jpg'] == Subject(0.152, 4.5, 'f')
    assert table.people == {'a.jpg': '1,5'}


@pytest.mark.parametrize(
    ('text', 'where', 'found'),
    [
        ('file,age\na.jpg,-1\n', 'row 2', "age='-1'"),
        ('file,mm_per_px\na.jpg,0\n', 'row 2', "mm_per_px='0'"),
        ('file,mm_per_px\n\na.jpg,inf\n', 'row 3', "mm_per_px='inf'"),
        ('file,age\na.jpg,1\nA.JPG,2\n', 'row 3', 'A.JPG'),
        ('file,subject\na.jpg,=A3\n', 'row 2', ''),
        ('file,subject\na.jpg,1.20E+12\n', 'row 2', ''),
        ('name,age\na.jpg,1\n', 'table.csv', "['age', 'landmark']"),
        ('file,age,Age\na.jpg,1,2\n', 'table.csv', "'age' and 'Age'"),
        ('', 'table.csv', 'empty'),
    ],
)
def test_a_table_that_cannot_be_used(images, text, where, found):
    with pytest.raises(InputError) as error:
        read(images, text)
    assert error.value.where.endswith(where)
    assert found in error.value.found


def test_all_rows_that_cannot_be_used_are_named_at_once(images):
    with pytest.raises(InputError) as caught:
        read(images, 'file,age,sex\na.jpg,three,f\nb.jpg,4,f\nc.jpg,5,x\n')
    found = caught.value.found
    assert "row 2: age='three'" in found and "row 4: sex='x'" in found
    assert 'row 3' not in found


@pytest.mark.parametrize('word', ['', '#N/A', 'unknown'])
def test_a_missing_subject_is_nobody(images, word):
    table = read(images, f'file,subject\na.jpg,{word}\nsub/b.png,#12\n')
    assert table.people == {'sub/b.png': '#12'}


def test_missing_tables(images):
    for kind, second in ((PhotographTable, str(images)), (Norms, UNITS)):
        with pytest.raises(MissingFileError):
            kind(str(images / 'none.csv'), second)


# -------------------------------------------------------------------- norms


def norms(tmp_path, *lines, titles=TITLES, units=UNITS):
    path = tmp_path / 'norms.csv'
    path.write_text('\n'.join([titles, *lines]) + '\n', encoding='utf-8')
    return Norms(str(path), units)


@pytest.mark.parametrize('power', [-1.6, 1e-9, 0.0, 1.0])
def test_lms_is_a_standardised_box_cox_transform(power):
    """Cole 1990; scipy's transform is (x^L - 1) / L."""
    norm = Norm('f', 0, 9, 'mm', None, (power, 25.0, 0.06))
    for value in (20.0, 25.0, 31.0):
        expected = boxcox(np.array([value / 25.0]), power)[0] / 0.06
        assert norm.z(value) == pytest.approx(expected, rel=1e-6, abs=1e-9)
    plain = Norm(None, 0, 9, 'mm', (25.0, 1.5), None)
    assert plain.z(22) == pytest.approx(-2)


def test_ages_end_before_the_next_begins(tmp_path):
    table = norms(
        tmp_path,
        'pfl,f,2,4,mm,25,1.5',
        'pfl,f,4,6,mm,26,1.5',
        'pfl,m,2,6,mm,27,1.5',
    )

    def mean(age, sex):
        return table.find('pfl', Subject(age=age, sex=sex)).moments[0]

    assert [mean(2, 'f'), mean(3.99, 'f'), mean(4, 'f')] == [25, 25, 26]
    assert mean(4, 'm') == 27
    for age in (1.9, 6):
        found = table.find('pfl', Subject(age=age, sex='f'))
        assert found == 'age outside of the norms'
    assert table.find('pfl', Subject(sex='f')) == 'age unknown'
    assert table.find('pfl', Subject(age=3)) == 'sex unknown'


def test_norms_of_both_sexes_comma_decimals_and_other_measures(tmp_path):
    for sex in ('', 'both'):
        table = norms(
            tmp_path,
            f'pfl;{sex};2;4;mm;25,5;1,5',
            'nose;f;2;4;mm;25,5;1,5',
            titles=TITLES.replace(',', ';'),
        )
        assert table.find('pfl', Subject(age=3)).moments == (25.5, 1.5)
        assert table.measures == ['pfl'] and table.unused == ['nose']


@pytest.mark.parametrize(
    ('line', 'found'),
    [
        ('pfl,f,4,2,mm,25,1.5', 'age_min='),
        ('pfl,f,2,4,mm,25,0', '(0.0,)'),
        ('pfl,f,2,4,cm,25,1', "unit='cm'"),
        ('pfl,f,2,4,mm,abc,1', "mean='abc'"),
        ('pfl,f,2,4,mm,nan,1', 'neither'),
        ('pfl,f,2,4,px,25,1', "in 'px'"),
        ('nose,f,2,4,mm,25,1', 'none of its measures'),
        ('pfl,f,2,4,mm,25,1\npfl,f,3,5,mm,26,1', 'overlaps'),
    ],
)
def test_norms_that_cannot_be_used(tmp_path, line, found):
    with pytest.raises(InputError) as error:
        norms(tmp_path, line)
    assert 'norms.csv' in error.value.where and found in error.value.found


def test_mm_norms_without_a_scale_say_what_to_give(tmp_path):
    with refused(cure='--mm-per-px'):
        norms(tmp_path, 'pfl,f,2,4,mm,25,1', units=dict(pfl='px'))
    with pytest.raises(InputError, match='expected measure, sex'):
        norms(tmp_path, 'pfl,25,1', titles='measure,mean,sd')
