"""results.md says what its file of results has."""

import csv

import numpy as np
import pytest
from published_runs import RESULTS, STUDY, PublishedRuns, tables_of
from result_cells import assert_difference, assert_mean, close

from mmpose_ctd.evaluation.functional.crossed_effects import (
    crossed_effects_interval,
)

BUDGETS = (10, 20, 40, 80, 142)
FT, ED, CD = ('FT', ''), ('CTD-ED', ''), ('CTD-CD', '')
NO_PULL = ('CTD-ED', 'no pull')
AT_RATE = {'1e-4': FT, '2.5e-4': NO_PULL, '5e-4': ('FT', 'lr 5e-4')}


@pytest.fixture(scope='module')
def tables():
    page = (STUDY / 'results.md').read_text(encoding='utf-8')
    return tables_of(page)


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    return PublishedRuns(tmp_path_factory.mktemp('results'), 'frl_faces')


ALL_SYSTEMS = 'system | lr | 10 | 20 | 40 | 80 | 142'


def named(name: str) -> tuple[str, str]:
    return NO_PULL if name == 'FT, not as searched' else (name, '')


def test_all_systems_mean_errors(tables, runs):
    for name, _, *cells in tables[ALL_SYSTEMS]:
        for budget, cell in zip(BUDGETS, cells, strict=True):
            system, variant = named(name)
            assert_mean(cell, runs.errors(system, budget, variant))


def test_all_systems_are_in_the_table(tables, runs):
    told = {named(name)[0] for name, *_ in tables[ALL_SYSTEMS]}
    query = "SELECT DISTINCT system FROM runs WHERE role = 'final'"
    assert told == {name for (name,) in runs.db.execute(query)}


def test_all_systems_less_ft_in_percent(tables, runs):
    for system, *cells in tables['system | 10 | 20 | 40 | 80 | 142']:
        for budget, cell in zip(BUDGETS, cells, strict=True):
            base = runs.errors('FT', budget)
            change = runs.errors(system, budget) - base
            assert close(
                cell.strip('*'), 100 * change.mean() / base.mean(), 1
            ), (system, budget)
            found = crossed_effects_interval(change, runs.subjects())
            clear = found.low > 0 or found.high < 0
            assert cell.endswith('*') == clear, (system, budget)


def test_less_ft_at_the_same_learning_rate(tables, runs):
    header = 'system, FT at its learning rate | 10 | 20 | 40 | 80 | 142'
    for name, *cells in tables[header]:
        system, _, rate = name.partition(', ')
        for budget, cell in zip(BUDGETS, cells, strict=True):
            if cell:
                base, variant = AT_RATE[rate]
                assert_difference(
                    cell,
                    runs.errors(system, budget),
                    runs.errors(base, budget, variant),
                    runs.subjects(),
                )


def test_the_numbers(tables, runs):
    header = 'n | FT | CTD-ED | CTD-ED less FT | p | FaceMesh vertex+ridge'
    with open(RESULTS / 'report' / 'summary.csv', encoding='utf-8') as file:
        p_of = {
            int(row['budget']): float(row['p_sign_flip_holm'])
            for row in csv.DictReader(file)
            if row['study'] == 'main' and row['system'] == 'CTD-ED'
        }
    for n, plain, pulled, less, p, mesh in tables[header]:
        budget = int(n)
        base, ours = runs.errors('FT', budget), runs.errors('CTD-ED', budget)
        assert_mean(plain, base)
        assert_mean(pulled, ours)
        assert_difference(less, ours, base, runs.subjects())
        assert_mean(mesh, runs.errors('FaceMesh vertex+ridge', budget))
        assert close(p, p_of[budget], len(p.partition('.')[2])), n


def test_without_its_pull(tables, runs):
    header = 'n | CTD-ED | its pull switched off | CTD-ED less that'
    for n, pulled, free, less in tables[header]:
        ours = runs.errors('CTD-ED', int(n))
        base = runs.errors('CTD-ED', int(n), 'no pull')
        assert_mean(pulled, ours)
        assert_mean(free, base)
        assert_difference(less, ours, base, runs.subjects())


# Header of a table of 20 labels, what its rows are, and what the columns of
# differences are less.
VARIED = {
    '20 labels, teacher | ME | less FT | less no pull': (
        {
            'the real one': ED,
            'none (no pull)': NO_PULL,
            'random weights': ('CTD-ED', 'random teacher'),
            'the real one, shown another face': ('CTD-ED', 'shuffled teacher'),
        },
        [FT, NO_PULL],
    ),
    "ED's lambda | ME | less no pull": (
        {
            '0 (no pull)': NO_PULL,
            '1': ('CTD-ED', 'loss_weight=1'),
            '10 (chosen)': ED,
            '100': ('CTD-ED', 'loss_weight=100'),
            '1000': ('CTD-ED', 'loss_weight=1000'),
        },
        [NO_PULL],
    ),
    "ED's stage (lambda 10) | ME | less no pull": (
        {
            '1': ('CTD-ED', 'stage 1'),
            '2': ('CTD-ED', 'stage 2'),
            '3': ('CTD-ED', 'stage 3'),
            '4, the last (chosen)': ED,
        },
        [NO_PULL],
    ),
    "CD's T | ME | less CTD-CD as chosen": (
        {
            '0.03': ('CTD-CD', 'temperature=0.03'),
            '0.1 (chosen)': CD,
            '0.3': ('CTD-CD', 'temperature=0.3'),
            '1': ('CTD-CD', 'temperature=1'),
        },
        [CD],
    ),
    'FT, but | ME | less FT': (
        {
            'nothing': FT,
            'the whole image': ('FT', 'whole image'),
            'start from FaceMesh': ('FT', 'mesh start'),
            '160x160': ('FT', 'input 160'),
            '800 steps': ('FT', 'steps=800'),
            'BatchNorm in inference mode': ('FT', 'statistics kept'),
            'batches of 8,': ('FT', 'batch of 8'),
            'flips at test time': ('FT', 'flip test'),
            'smooth warps': ('FT', 'warp'),
            'light and colour': ('FT', 'light and colour'),
            'average of weights': ('FT', 'averaged weights'),
            'rotations up to 30 degrees': ('FT', 'rotation 30'),
        },
        [FT],
    ),
}


@pytest.mark.parametrize('header', VARIED)
def test_one_thing_changed(tables, runs, header):
    rows, bases = VARIED[header]
    for name, mean, *differences in tables[header]:
        system, variant = next(
            what
            for known, what in rows.items()
            if name == known or name.startswith((f'{known} ', f"{known}'"))
        )
        errors = runs.errors(system, 20, variant)
        assert_mean(mean, errors)
        for cell, (base, other) in zip(differences, bases, strict=True):
            if cell:
                others = runs.errors(base, 20, other)
                assert_difference(cell, errors, others, runs.subjects())


def test_training_length(tables, runs):
    header = (
        'steps | FT | CTD-ED | its pull switched off | CTD-ED less FT | '
        'CTD-ED less no pull'
    )
    for steps, plain, pulled, free, less_plain, less_free in tables[header]:
        usual = steps == '400'
        long = '' if usual else f'steps={steps}'
        base = runs.errors('FT', 20, long)
        ours = runs.errors('CTD-ED', 20, long)
        alone = 'no pull' if usual else f'no pull, {steps} steps'
        others = runs.errors('CTD-ED', 20, alone)
        for cell, errors in ((plain, base), (pulled, ours), (free, others)):
            assert_mean(cell, errors)
        assert_difference(less_plain, ours, base, runs.subjects())
        assert_difference(less_free, ours, others, runs.subjects())


SITE_COLUMNS = {
    'FT': FT,
    'CTD-ED': ED,
    'no pull': NO_PULL,
    'random teacher': ('CTD-ED', 'random teacher'),
    'shuffled teacher': ('CTD-ED', 'shuffled teacher'),
    'FaceMesh vertex+ridge': ('FaceMesh vertex+ridge', ''),
}


def test_across_sites(tables, runs):
    header = ' | '.join(['tested on', *SITE_COLUMNS])
    for site, *cells in tables[header]:
        for (system, variant), cell in zip(SITE_COLUMNS.values(), cells):
            assert_mean(cell, runs.errors(system, 40, variant, site.lower()))
    for less, *cells in tables['CTD-ED less | 3dsk | London | together']:
        base, variant = SITE_COLUMNS[less]
        for site, cell in zip(('3dsk', 'london'), cells):
            ours = runs.errors('CTD-ED', 40, '', site)
            others = runs.errors(base, 40, variant, site)
            # One photograph of each person.
            people = np.arange(ours.shape[1])
            assert_difference(cell, ours, others, people)


def test_the_best_recipe(tables, runs):
    header = 'labels | 400 steps | 800 steps | 800 steps, flips at test time'
    recipe = 'mesh start, input 192'
    variants = (
        recipe,
        f'{recipe}, 800 steps',
        f'{recipe}, 800 steps, flip test',
    )
    for labels, *cells in tables[header]:
        budget = int(labels.partition(',')[0])
        for variant, cell in zip(variants, cells, strict=True):
            assert_mean(
                cell.replace('**', ''), runs.errors('FT', budget, variant)
            )
