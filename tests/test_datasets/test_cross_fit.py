"""Fits judged on people that they did not see."""

import numpy as np
import pytest
from random_meshes import framed_meshes as framed

from mmpose_ctd.datasets.cross_fit import (
    best_strength,
    residuals_without,
    site_offsets,
    subject_folds,
)


def noise(shape, size, seed=1):
    random = np.random.default_rng(seed)
    return size * (random.normal(size=shape) + 1j * random.normal(size=shape))


def test_a_subject_is_in_one_fold_and_folds_are_of_like_size():
    subjects = [f's{i // 3}' for i in range(60)]
    folds = subject_folds(subjects)
    assert len({*zip(subjects, folds)}) == 20
    assert [*np.bincount(folds)] == [6] * 10
    assert {*subject_folds(['a', 'a', 'b'])} == {0, 1}


def test_the_strength_is_chosen_on_subjects_that_the_fit_did_not_see():
    meshes, points = framed(12), framed(12, num_vertices=2, seed=3)
    subjects = np.array([f's{i // 2}' for i in range(12)])
    seen, judged = [], []

    class Fit:
        def predict(self, out):
            judged.append(who(out))
            return np.zeros((len(out), 2), complex)

    def who(faces):
        rows = [int(np.flatnonzero(meshes[:, 0] == f[0])[0]) for f in faces]
        return {*subjects[rows]}

    def fit(faces, targets, strengths):
        assert len(faces) == len(targets)
        seen.append(who(faces))
        return [Fit() for _ in strengths]

    residuals_without(fit, [1.0], meshes, points, subjects)
    assert [a | b for a, b in zip(seen, judged)] == [{*subjects}] * 6
    assert [a & b for a, b in zip(seen, judged)] == [set()] * 6


def test_with_one_subject_there_is_nothing_to_choose_by():
    meshes, points = framed(3), framed(3, num_vertices=2, seed=3)
    strengths = [1.0, 10.0]
    residuals = residuals_without(
        lambda *_: pytest.fail('fitted'), strengths, meshes, points, ['a'] * 3
    )
    assert residuals is None
    assert best_strength(residuals, strengths) == pytest.approx(10)


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
