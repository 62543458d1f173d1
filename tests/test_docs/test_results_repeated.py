"""docs/results.md says what the files of its repetitions have."""

import re

import numpy as np
import pytest
from published_runs import RESULTS, ROOT, PublishedRuns, tables_of
from result_cells import assert_difference, assert_mean

from mmpose_ctd.apis.seed_table import check_alike, read_report


@pytest.fixture(scope='module')
def tables():
    page = (ROOT / 'docs' / 'results.md').read_text(encoding='utf-8')
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
