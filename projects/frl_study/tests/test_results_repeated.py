"""results.md says what the files of its repetitions have."""

import re

import numpy as np
import pytest
from published_runs import RESULTS, STUDY, PublishedRuns, tables_of
from result_cells import assert_difference, assert_mean, close

from mmpose_ctd.apis.seed_table import check_alike, read_report


@pytest.fixture(scope='module')
def tables():
    page = (STUDY / 'results.md').read_text(encoding='utf-8')
    return tables_of(page)


def test_across_sites_asked_again(tables, tmp_path):
    columns = ['CTD-ED', 'no pull', 'Shuffled teacher']
    header = ' | '.join(
        [
            *('tested on', *columns[:2], 'shuffled teacher'),
            *('CTD-ED less no pull', 'CTD-ED less shuffled teacher'),
        ]
    )
    runs = PublishedRuns(tmp_path, 'site_repetition')
    for place, *cells in tables[header]:
        site, number, _ = re.split(', | ', place.lower())
        means, less = (
            dict(zip(columns, cells)),
            dict(zip(columns[1:], cells[3:])),
        )
        pulled = runs.errors('CTD-ED', 40, '', site)
        for system in columns:
            if means[system] == 'not run':
                assert less[system] == '' and system == columns[2]
                continue
            errors = runs.errors(system, 40, '', site)
            assert errors.shape == (5, int(number)), place
            assert_mean(means[system], errors)
            if system in less:
                assert_difference(
                    less[system], pulled, errors, np.arange(int(number))
                )
    assert len(tables[header]) == 2


def test_where_the_gain_across_sites_is(tmp_path):
    page = (STUDY / 'results.md').read_text(encoding='utf-8')
    told = ' '.join(page.split('It is not where it was.')[1].split())
    runs = PublishedRuns(tmp_path, 'site_repetition')
    first = PublishedRuns(tmp_path, 'frl_faces')

    def change(runs, base, *landmarks):
        ours = runs.landmark_errors('CTD-ED', 40, '', 'london')
        others = runs.landmark_errors(*base, 'london')
        return np.mean([ours[name] - others[name] for name in landmarks], 0)

    before, now = ('CTD-ED', 40, 'no pull'), ('no pull', 40, '')
    eyes, mouth = ('exocanthion_R', 'exocanthion_L'), ('cheilion_L',)
    for file, base, landmarks, number in (
        (first, before, eyes, r'\((−0\.31) px\)'),
        (first, before, mouth, r'mouth \((−0\.02)\)'),
        (runs, now, mouth, r'that corner \((−0\.40),'),
        (runs, now, eyes, r'eyes \((−0\.02)\)'),
    ):
        found = change(file, base, *landmarks).mean()
        assert close(re.search(number, told)[1], found, 2), number
    inner = ('endocanthion_R', 'endocanthion_L')
    cell = re.search(r'change is (.*?) px, t (\[.*?\])', told)
    both = change(runs, now, *eyes, *inner)
    assert_difference(
        f'{cell[1]} {cell[2]}', both, np.zeros_like(both), np.arange(72)
    )
    sides = [
        (runs.errors('CTD-ED', 40, '', s) - runs.errors(*now, s)).mean(axis=1)
        for s in ('london', '3dsk')
    ]
    assert (sides[0] < sides[1]).all() and (sides[1] > 0).sum() == 4
    assert close('−0.021', np.mean(sides))
    assert page.count('−0.021 px') == 2


def with_facemesh(system: str, labels: int) -> np.ndarray:
    """Errors of the test images, one row a seed."""
    reports = [
        read_report(
            RESULTS / 'with_facemesh' / f'{system}_n{labels:03d}_seed{s}.json'
        )
        for s in range(3)
    ]
    check_alike({system: reports}, reports[0])
    return np.array([report['image_errors'] for report in reports])


def test_the_recipe_with_facemesh(tables):
    header = 'labels | the recipe, made again | FaceMesh | both'
    less = 'both less | the recipe | FaceMesh'
    for (labels, *means), (again, *changes) in zip(
        tables[header], tables[less], strict=True
    ):
        errors = [
            with_facemesh(system, int(labels))
            for system in ('recipe', 'facemesh', 'both')
        ]
        for cell, found in zip(means, errors, strict=True):
            assert_mean(cell.replace('**', ''), found)
        assert again == f'{labels} labels'
        people = np.arange(errors[0].shape[1])
        for cell, base in zip(changes, errors[:2], strict=True):
            assert_difference(cell, errors[2], base, people)
