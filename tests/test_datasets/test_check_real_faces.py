"""On real photographs: few false alarms, and most planted faults found."""

import copy

import numpy as np
import pytest

from mmpose_ctd.datasets.checking import (
    Severity,
    Survey,
    Thresholds,
    run_checks,
)
from mmpose_ctd.datasets.checking.shapes import compare_faces

pytestmark = pytest.mark.real_data


@pytest.fixture
def survey(shared_root):
    root = shared_root / 'data' / 'frl_faces'
    return Survey(root, 'annotations/landmarks19.json')


def test_real_faces_have_no_error_and_hardly_a_warning(survey):
    """Nor is one photograph taken for another, of one setting."""
    report = run_checks(survey)
    assert report.ok
    warned = {
        place
        for finding in report.findings
        if finding.severity is Severity.WARNING
        for place in finding.photos
    }
    assert len(warned) <= 0.01 * len(survey.photos)


def planted(survey, change, seed):
    """Changes every tenth face; its places and what was done to each."""
    other = copy.copy(survey)
    other.photos = [copy.copy(photo) for photo in survey.photos]
    random = np.random.default_rng(seed)
    done = {}
    for photo in other.photos[::10]:
        photo.points = photo.points.copy()
        done[photo.place] = change(photo.points, random)
    return compare_faces(other, Thresholds()), done


def test_exchanged_sides_of_real_faces_are_found(survey):
    pairs = [(a, b) for a, b in enumerate(survey.partners) if a < b]

    def exchange(points, random):
        pair = pairs[random.integers(len(pairs))]
        points[list(pair)] = points[list(pair[::-1])]
        return pair

    shapes, done = planted(survey, exchange, seed=0)
    hits = [
        {*pair} == {*shapes.sides.pairs[shapes.sides.exchanged[place]].ravel()}
        for place, pair in done.items()
    ]
    assert np.mean(hits) >= 0.9


GROUPS = {
    'eyes': ['exocanthion', 'endocanthion'],
    'nose': ['alar_base'],
    'mouth': ['philtrum_top', 'philtrum_bottom', 'crista_philtri', 'cheilion'],
}


@pytest.mark.parametrize('group', GROUPS)
def test_exchanged_groups_of_real_faces_are_found_and_nothing_else(
    survey, group
):
    pairs = [
        [survey.names.index(f'{name}_{side}') for side in 'RL']
        for name in GROUPS[group]
    ]

    def exchange(points, random):
        for pair in pairs:
            points[pair] = points[pair[::-1]]

    shapes, done = planted(survey, exchange, seed=2)
    wrong = {
        place for place, own in enumerate(shapes.sides.exchanged) if own.any()
    }
    assert wrong == {*done}
    expected = [list(pair) in pairs for pair in shapes.sides.pairs]
    for place in done:
        assert shapes.sides.exchanged[place].tolist() == expected


def test_points_displaced_on_real_faces_are_found(survey):
    def displace(points, random):
        k, angle = random.integers(len(points)), random.uniform(0, 6.28)
        points[k] += 15 * np.array([np.cos(angle), np.sin(angle)])
        return k

    shapes, done = planted(survey, displace, seed=1)
    hits = [k in shapes.fits[place].suspects for place, k in done.items()]
    assert np.mean(hits) >= 0.9
