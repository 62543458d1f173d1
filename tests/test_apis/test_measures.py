"""Measures and agreement as a notebook calls them."""

import numpy as np
import pandas as pd
import pytest

from mmpose_ctd.apis.measures import agreement_table, measures_of
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import agreement

EYE = ['exocanthion_R', 'endocanthion_R']


def test_one_face_is_a_set_of_one_and_measures_can_be_ones_own():
    found = measures_of([[0.0, 0.0], [30.0, 40.0]], EYE, mm_per_px=0.5)
    assert found['palpebral_fissure_length_R'].tolist() == [25.0]
    hidden = measures_of([[0.0, 0.0], [3.0, 4.0]], EYE, visible=[1, 0])
    assert np.isnan(hidden['palpebral_fissure_length_R']).all()
    own = [dict(name='eye', landmarks=EYE)]
    assert list(measures_of(np.zeros((2, 2, 2)), EYE, own)) == ['eye']
    with pytest.raises(InputError, match="'nose'"):
        measures_of(
            np.zeros((2, 2, 2)), EYE, [dict(name='x', landmarks=['nose', 'a'])]
        )


def test_tables_go_in_and_out_as_dataframes():
    rng = np.random.default_rng(0)
    manual = pd.DataFrame(dict(a=rng.normal(9, 1, 8), b=rng.normal(5, 1, 8)))
    predicted = manual.drop(columns='b') + 0.5
    predicted.loc[3, 'a'] = None
    who = pd.Series(['ann', 'ann', 'bo', 'bo', 'cy', 'cy', 'di', 'di'])
    table = pd.DataFrame(agreement_table(manual, predicted, who))
    expected = agreement(manual['a'], predicted['a'], list(who))
    assert list(table['measure']) == ['a']
    assert table['n'][0] == 7 and table['people'][0] == 4
    assert table['bias'][0] == pytest.approx(0.5)
    assert table['bias_low'][0] == pytest.approx(expected.bias.low)


def test_tables_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match='measures in common'):
        agreement_table({'a': [1.0]}, {'b': [1.0]})
    with pytest.raises(InputError, match=r'a: manual and predicted'):
        agreement_table({'a': [1.0]}, {'a': [1.0, 2.0]})
    with pytest.raises(InputError, match='a: .*expected numbers'):
        agreement_table({'a': ['wide']}, {'a': [1.0]})
