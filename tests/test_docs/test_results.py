"""docs/results.md says what its file of results has."""

import csv
import re

import numpy as np
import pytest
from published_runs import RESULTS, ROOT, PublishedRuns, tables_of

from mmpose_ctd.evaluation.functional.bootstrap import bootstrap_interval
from mmpose_ctd.evaluation.functional.crossed_effects import (
    crossed_effects_interval,
)

BUDGETS = (10, 20, 40, 80, 142)
FT, ED, CD = ('FT', ''), ('CTD-ED', ''), ('CTD-CD', '')
NO_PULL = ('CTD-ED', 'no pull')
AT_RATE = {'1e-4': FT, '2.5e-4': NO_PULL, '5e-4': ('FT', 'lr 5e-4')}
NUMBER = r'[+−]?\d+\.\d{3}'
INTERVAL = rf'\[({NUMBER}), ({NUMBER})\]'


@pytest.fixture(scope='module')
def tables():
    page = (ROOT / 'docs' / 'results.md').read_text(encoding='utf-8')
    return tables_of(page)


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    return PublishedRuns(tmp_path_factory.mktemp('results'), 'frl_faces')


def number(text: str) -> float:
    return float(text.replace('−', '-'))


def close(told: str, true: float, digits: int = 3) -> bool:
    # A half of the last digit may go either way: the file rounds, too.
    return abs(number(told) - true) <= 0.51 * 10**-digits


def assert_mean(cell: str, errors: np.ndarray) -> None:
    """`1.234 ± 0.056`, over seeds; without ± where all seeds are the same."""
    mean, _, spread = cell.strip('*').partition(' ± ')
    by_seed = errors.mean(axis=1)
    assert close(mean, by_seed.mean()), cell
    if spread:
        assert close(spread[:5], by_seed.std(ddof=1)), cell
    else:
        assert np.ptp(by_seed) == 0, cell


def assert_difference(cell, errors, others, subjects) -> None:
    """`−0.012 (−1.2 %) [over faces] [over faces and seeds]`."""
    change = errors - others
    told = re.match(rf'({NUMBER})(?: \(([+−]\d+\.\d) %\))? ', cell)
    assert close(told[1], change.mean()), cell
    if told[2]:
        assert close(told[2], 100 * change.mean() / others.mean(), 1), cell
    *faces, seeds = re.findall(INTERVAL, cell)
    found = crossed_effects_interval(change, subjects)
    assert close(seeds[0], found.low) and close(seeds[1], found.high), cell
    for low, high in faces:
        ends = bootstrap_interval(
            change.mean(axis=0), subjects, num_resamples=10000
        )
        # Resampling, with whatever seed, is good for a few thousandths.
        assert np.allclose([number(low), number(high)], ends, atol=0.003), cell


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


def test_across_sites_asked_again(tmp_path):
    page = (ROOT / 'docs' / 'results.md').read_text(encoding='utf-8')
    told = ' '.join(page.split('**Asked again.**')[1].split('\n\n')[0].split())
    runs = PublishedRuns(tmp_path, 'site_repetition')
    pulled = runs.errors('CTD-ED', 40, '', 'london')
    free = runs.errors('no pull', 40, '', 'london')
    assert pulled.shape == free.shape == (5, 72)
    means = re.search(r'CTD-ED has (.*?) px, no pull (.*?);', told)
    assert_mean(means[1], pulled)
    assert_mean(means[2], free)
    less = told.split('CTD-ED less no pull is ')[1].replace(' px', '', 1)
    assert_difference(less, pulled, free, np.arange(72))
    ahead = (pulled.mean(axis=1) < free.mean(axis=1)).sum()
    assert f'ahead with {ahead} of 5 seeds' in told
