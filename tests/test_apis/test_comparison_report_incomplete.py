"""What a report says of runs that are missing, alone or unlike each other."""

import re
from dataclasses import replace

import numpy as np
import pytest
from comparison_pages import draft, some, table, write  # noqa: F401
from comparison_runs import run, runs


def one_subject(record):
    return replace(record, subjects=np.zeros(len(record.subjects), int))


INCOMPLETE = {
    'a single run': ([run('FT')], 'One seed only: FT'),
    'a single seed': (some(seeds=(0,)), 'One seed only: FT, CTD-ED'),
    'one subject': (
        [one_subject(r) for r in some()],
        'One test subject only: there is neither an interval nor a test.',
    ),
    'one image': (some(subjects=1), 'One test subject only'),
    'no baseline': (some(systems=('HG',)), 'There is no run of FT'),
    'no baseline at a budget': (
        [r for r in some() if (r.system, r.budget) != ('FT', 20)],
        'No run of FT here',
    ),
    'other seeds': (
        [*some((0, 1), ('FT',)), *some((2, 3), ('HG',))],
        'HG: no seed in common with FT',
    ),
    'unequal seeds': (
        [*some((0, 1, 2), ('FT',)), *some((0, 1), ('HG',))],
        'The systems have different seeds (FT: 0 to 2; HG: 0 and 1).',
    ),
    'a system without a budget': (
        [r for r in some() if (r.system, r.budget) != ('CTD-ED', 20)],
        'Missing are CTD-ED: n = 20.',
    ),
    'unequal steps': (
        [*some(systems=('FT',)), *some(systems=('HG',), steps=900)],
        'Unequal training lengths: 300 steps FT; 900 steps HG.',
    ),
    'few subjects': (some(), 'A test set has 12 subjects.'),
    'another commit': (
        [*some(), run('HG', 10, 0, commit='def+')],
        'abc1234 (8), def+ (1)',
    ),
    'another machine': (
        [*some(), run('HG', 10, 0, environment={'machine': 'H100'})],
        'different machine: H100, two cores',
    ),
    'another test set': (
        [*some(), run('HG', 10, 0, test_set='other')],
        'never compared with each other',
    ),
    'perfect systems': (
        [replace(r, errors=0 * r.errors) for r in some()],
        '0.000 ± 0.000',
    ),
    'equal systems': (
        [replace(r, errors=run().errors) for r in some()],
        '+0.000 (+0.0 %)',
    ),
    'no labels at all': (runs(('FT', 'HG'), (0, 10, 20), (0, 1)), 'n = 0'),
    'variants alone': (
        [run('HG', variant=f'x={v}') for v in (0, 1, 'nan', 'a b')],
        'HG x=a b',
    ),
    'an unseen landmark': (
        [
            replace(r, errors=np.where([1, 0, 1], r.errors, np.nan))
            for r in some()
        ],
        '| stomion | – | – |',
    ),
    'an image without landmarks': (
        [
            replace(
                r, errors=np.where(np.arange(12)[:, None], r.errors, np.nan)
            )
            for r in some()
        ],
        '12 test images',
    ),
}


#: Those whose figures are a test, too.
DRAWN = ('one image', 'perfect systems', 'no labels at all', 'a single seed')


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('name', INCOMPLETE)
def test_incomplete_runs_give_a_page_that_says_so(name, tmp_path, request):
    if name not in DRAWN:
        request.getfixturevalue('draft')
    records, told = INCOMPLETE[name]
    _, text = write(records, tmp_path)
    assert told in text
    assert 'nan' not in text.replace('x=nan', '')
    assert 'inf' not in re.sub(r'[a-z]*inferius|information', '', text)


@pytest.mark.usefixtures('draft')
def test_one_subject_has_neither_interval_nor_test(tmp_path):
    _, text = write([one_subject(r) for r in some()], tmp_path)
    row = table(text, '20 labelled images: ME less that of FT')['CTD-ED']
    assert set(list(row.values())[2:-1]) == {'–'}


@pytest.mark.usefixtures('draft')
def test_one_seed_has_no_interval_over_seeds(tmp_path):
    _, text = write(some(seeds=(0,)), tmp_path)
    row = table(text, '20 labelled images: ME less that of FT')['CTD-ED']
    assert row['[faces and seeds]<br>bootstrap'] == '–'
    assert row['[faces and seeds]<br>t'] == '–'
    assert row['[faces]'] != '–' and row['p (Holm)'] != '–'
    assert (
        '±'
        not in table(text, '20 labelled images: errors')['FT']['ME ± SD (px)']
    )
    # Nor a mark in the overview, which asks for both.
    assert '*' not in table(text, 'against number of')['CTD-ED']['n = 20']
