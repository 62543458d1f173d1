"""z-scores, and norms that cannot be used."""

import numpy as np
import pytest
from scipy.stats import boxcox

from mmpose_ctd.apis.measuring.norms import Norm, Norms
from mmpose_ctd.apis.measuring.photograph_table import Subject
from mmpose_ctd.errors import InputError, MissingFileError

UNITS = dict(pfl='mm', index='1')
TITLES = 'measure,sex,age_min,age_max,unit,mean,sd'


def norms(tmp_path, *lines, titles=TITLES, units=UNITS):
    path = tmp_path / 'norms.csv'
    path.write_text('\n'.join([titles, *lines]) + '\n', encoding='utf-8')
    return Norms(str(path), units)


def test_z_of_mean_and_sd(tmp_path):
    table = norms(tmp_path, 'pfl,f,2,4,mm,25,1.5')
    norm = table.find('pfl', Subject(age=3.2, sex='f'))
    assert norm.z(22) == pytest.approx(-2)


@pytest.mark.parametrize('power', [-1.6, 1e-9, 0.5, 1.0, 3.0])
def test_lms_is_a_standardised_box_cox_transform(power):
    """Cole 1990; scipy's transform is (x^L - 1) / L."""
    norm = Norm('f', 0, 9, 'mm', None, (power, 25.0, 0.06))
    for value in (20.0, 25.0, 31.0):
        expected = boxcox(np.array([value / 25.0]), power)[0] / 0.06
        assert norm.z(value) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_lms_of_power_0_is_the_logarithm():
    norm = Norm(None, 0, 9, 'mm', None, (0.0, 25.0, 0.06))
    assert norm.z(25 * np.exp(0.12)) == pytest.approx(2)
    near = norm._replace(lms=(1e-12, 25.0, 0.06))
    assert near.z(30) == pytest.approx(norm.z(30), rel=1e-9)


def test_lms_of_power_1_is_mean_and_sd():
    norm = Norm(None, 0, 9, 'mm', None, (1.0, 25.0, 0.06))
    plain = Norm(None, 0, 9, 'mm', (25.0, 1.5), None)
    assert norm.z(22.3) == pytest.approx(plain.z(22.3))


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


def test_norms_of_both_sexes_need_none(tmp_path):
    for sex in ('', 'both'):
        table = norms(tmp_path, f'pfl,{sex},2,4,mm,25,1.5')
        assert table.find('pfl', Subject(age=3)).moments == (25, 1.5)


def test_comma_decimals_and_other_measures(tmp_path):
    table = norms(
        tmp_path,
        'pfl;f;2;4;mm;25,5;1,5',
        'nose;f;2;4;mm;25,5;1,5',
        titles=TITLES.replace(',', ';'),
    )
    assert table.find('pfl', Subject(age=2, sex='f')).moments == (25.5, 1.5)
    assert table.measures == ['pfl'] and table.unused == ['nose']


@pytest.mark.parametrize(
    ('line', 'told'),
    [
        ('pfl,f,4,2,mm,25,1.5', 'row 2: age_min='),
        ('pfl,f,,2,mm,25,1.5', 'row 2: age_min='),
        ('pfl,f,2,4,mm,25,0', 'above 0'),
        ('pfl,f,2,4,mm,25,', 'mean and sd, or l, m and s'),
        ('pfl,f,2,4,cm,25,1', "unit='cm'"),
        ('pfl,x,2,4,mm,25,1', "sex='x'"),
        ('pfl,f,2,4,mm,abc,1', "mean='abc'"),
        ('pfl,f,2,4,mm,nan,1', 'mean and sd'),
        ('pfl,f,2,4,px,25,1', "is in 'px', here it is measured in 'mm'"),
        ('nose,f,2,4,mm,25,1', 'none of its measures'),
    ],
)
def test_what_cannot_be_used_is_told_with_its_row(tmp_path, line, told):
    with pytest.raises(InputError, match=told):
        norms(tmp_path, line)


def test_mm_norms_without_a_scale_say_what_to_give(tmp_path):
    with pytest.raises(InputError, match='--mm-per-px'):
        norms(tmp_path, 'pfl,f,2,4,mm,25,1', units=dict(pfl='px'))


def test_two_norms_for_one_child_are_refused(tmp_path):
    with pytest.raises(InputError, match='row 3: pfl .* overlaps'):
        norms(tmp_path, 'pfl,f,2,4,mm,25,1', 'pfl,f,3,5,mm,26,1')


def test_missing_columns_and_file(tmp_path):
    with pytest.raises(InputError, match='expected measure, sex'):
        norms(tmp_path, 'pfl,25,1', titles='measure,mean,sd')
    with pytest.raises(MissingFileError, match='no such file'):
        Norms(str(tmp_path / 'none.csv'), UNITS)
