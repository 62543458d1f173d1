"""The study's pages say what its stored results say."""

import csv
import json
import re

import numpy as np
import pytest
from scipy import stats

from projects.frl_study.published.cells import difference, mean, percent
from projects.frl_study.published.pages import PAGES, filled
from projects.frl_study.published.stored_runs import (
    RESULTS,
    StoredRuns,
    errors_with_facemesh,
)
from projects.frl_study.published.tables import TABLES


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.parent.name)
def test_a_page_is_up_to_date(page):
    """If not: python projects/frl_study/write_tables.py."""
    text = page.read_text(encoding='utf-8')
    assert filled(text) == text


def test_every_table_is_on_a_page():
    pages = ''.join(page.read_text(encoding='utf-8') for page in PAGES)
    assert {*re.findall(r'<!-- table: (\w+) -->', pages)} == {*TABLES}


def test_a_table_that_is_not_known_is_an_error():
    with pytest.raises(ValueError, match='nothing_such'):
        filled('<!-- table: nothing_such -->\n<!-- end -->')


# The cells


def test_a_cell_of_a_mean():
    errors = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]])
    assert mean(errors) == '2.500 ± 1.000'
    assert mean(errors[:1].repeat(3, axis=0)) == '1.500'
    # Of all subjects the same, there is no doubt about others.
    alike = np.array([[1.0, 1.0], [2.0, 2.0]])
    assert mean(alike, np.arange(2)) == '1.500 ± 0.707 [1.500, 1.500]'


def test_a_cell_of_a_difference():
    change = np.array([-0.5, -0.25, 0.0, -0.25])
    base = np.full((2, 4), 2.0)
    cell = difference(base + change, base, np.arange(4), relative=True)
    # With equal seeds it is the paired t test over the faces.
    ends = stats.ttest_1samp(change, 0).confidence_interval()
    low, high = (f'{end:+.3f}'.replace('-', '−') for end in ends)
    assert cell.startswith('−0.250 (−12.5 %) [−0.')
    assert cell.endswith(f' [{low}, {high}]')
    short = difference(base + change, base, np.arange(4), faces=False)
    assert short == f'−0.250 [{low}, {high}]'
    assert percent(base - change, base) == '+12.5'


# Against what another part of the program wrote of the same runs


def numbers(cell: str) -> list[float]:
    found = re.findall(r'[−+]?\d+\.\d+', cell)
    return [float(text.replace('−', '-')) for text in found]


def rows_of_the_report():
    path = RESULTS / 'report' / 'summary.csv'
    with path.open(encoding='utf-8', newline='') as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope='module')
def runs():
    return StoredRuns('frl_faces')


def test_means_are_those_of_the_report(runs):
    compared = 0
    for row in rows_of_the_report():
        run = row['system'], int(row['budget']), row['variant']
        if row['held_out'] not in ('', '3dsk', 'london'):
            continue
        try:
            errors = runs.errors(*run, row['held_out'])
        except LookupError:
            # Only named as a variant of another study.
            continue
        told, *spread = numbers(mean(errors))
        assert told == pytest.approx(float(row['me']), abs=6e-4), run
        if spread:
            sd = float(row['me_sd'])
            assert spread[0] == pytest.approx(sd, abs=6e-4), run
        compared += 1
    assert compared >= 150


def test_differences_are_those_of_the_report(runs):
    subjects = runs.subjects()
    compared = 0
    for row in rows_of_the_report():
        if row['study'] != 'main' or not row['difference']:
            continue
        budget = int(row['budget'])
        found = numbers(
            difference(
                runs.errors(row['system'], budget),
                runs.errors('FT', budget),
                subjects,
            )
        )
        ends = 'faces', 'faces_seeds_t'
        expected = [float(row['difference'])] + [
            float(row[f'difference_{end}_{name}'])
            for name in ends
            for end in ('low', 'high')
        ]
        assert found == pytest.approx(expected, abs=6e-4), row['system']
        compared += 1
    assert compared == 13 * 5


def test_errors_beside_facemesh_have_the_mean_of_their_file():
    for system in ('recipe', 'facemesh', 'both'):
        means = errors_with_facemesh(system, 142).mean(axis=1)
        for seed, found in enumerate(means):
            name = f'{system}_n142_seed{seed}.json'
            file = RESULTS / 'with_facemesh' / name
            report = json.loads(file.read_text())
            # tools/facemesh.py writes reports, tools/test.py one.
            report = report.get('reports', [report])[0]
            stated = report['metrics']['ME']['value']
            assert found == pytest.approx(stated, abs=1e-4), name
