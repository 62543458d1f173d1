"""Fits judged on people that they did not see."""

import numpy as np
import pytest

from mmpose_ctd.datasets.cross_fit import site_offsets, subject_folds


def noise(shape, size, seed=1):
    random = np.random.default_rng(seed)
    return size * (random.normal(size=shape) + 1j * random.normal(size=shape))


def test_a_subject_is_in_one_fold_and_folds_are_of_like_size():
    subjects = [f's{i // 3}' for i in range(60)]
    folds = subject_folds(subjects)
    assert len({*zip(subjects, folds)}) == 20
    assert [*np.bincount(folds)] == [6] * 10
    assert {*subject_folds(['a', 'a', 'b'])} == {0, 1}


def test_offsets_are_shrunk_by_what_chance_gives():
    residuals = noise((60, 5), 1.0)
    sites = np.array(['a', 'b'] * 30)
    chance = site_offsets(residuals, sites)
    means = {s: residuals[sites == s].mean(0) for s in 'ab'}
    assert all(abs(chance[s]).sum() < 0.5 * abs(means[s]).sum() for s in 'ab')
    real = residuals + np.where(sites == 'a', 10, -10)[:, None]
    found = site_offsets(real, sites)
    np.testing.assert_allclose(found['a'].real, 10, atol=0.5)
    np.testing.assert_allclose(found['b'].real, -10, atol=0.5)


@pytest.mark.parametrize('sites', [[''] * 6, ['a'] * 6, ['a'] * 4 + ['b'] * 2])
def test_without_two_sites_of_three_faces_there_are_no_offsets(sites):
    assert site_offsets(noise((6, 2), 1.0), sites) == {}
