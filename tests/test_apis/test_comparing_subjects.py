"""Who trains, who validates and who is tested in the runs of a plan."""

import json
from pathlib import Path

import pytest
from comparing_place import (
    ANNOTATIONS,
    FACES,
    LR,
    SEARCH,
    finals_of,
    jobs_of,
    study,
)

from mmpose_ctd.errors import InputError


def people(place, jobs):
    """Seed -> training subjects of the search; who validates; who tests."""
    trials = [test for _, _, tests in jobs.trials() for test in tests]
    train = {test.cell.seed: set() for test in trials}
    for job in jobs.jobs(trials):
        train[job.cell.seed] |= {*job.subjects}
    validate = {name for test in trials for name in test.subjects}
    return train, validate


def test_a_search_never_sees_a_test_subject(place):
    jobs = jobs_of(place, search=SEARCH)
    train, validate = people(place, jobs)
    tested = {*Path(FACES, 'splits/test.txt').read_text().split()}
    pool = {*Path(FACES, 'splits/pool.txt').read_text().split()}
    assert len(validate) == 3 and validate <= pool
    assert not validate & tested
    for seed in (0, 1):
        assert len(train[seed]) == 4
        assert not train[seed] & (validate | tested)
    # All systems and settings are judged by the same faces.
    trials = [test for _, _, tests in jobs.trials() for test in tests]
    assert len({tuple(test.subjects) for test in trials}) == 1


def test_not_even_by_a_split_that_names_images(place):
    # One of the pool's people is tested by an image of theirs.
    splits = Path(FACES, 'splits')
    one = (splits / 'pool.txt').read_text().split()[0]
    with (splits / 'test.txt').open('a') as file:
        file.write(f'\nimage:{one}_01.jpg\n')
    search = SEARCH | dict(subjects=9, seeds=[0])
    with pytest.raises(InputError, match='only'):
        # 16 of the pool less 4 who train: 12, less the one, if they do not.
        list(jobs_of(place, search=search | dict(subjects=12)).trials())
    _, validate = people(place, jobs_of(place, search=search))
    assert one not in validate


def test_what_the_search_chose_reaches_the_finals(place):
    jobs = jobs_of(
        place, search=SEARCH, **study(budgets=[4], vary={LR: [0.5]})
    )
    errors = {}
    assert jobs.chosen(errors) == {}
    for _, settings, tests in jobs.trials():
        # Of two seeds, so that only the mean says which is best.
        best = settings[LR] == 1e-2 and (
            settings.get('train_dataloader.batch_size', 2) == 2
        )
        for seed, test in enumerate(tests):
            errors[test.key] = (1 if best else 2) + 5 * (seed == best)
    chosen = jobs.chosen(errors)
    assert chosen == {
        'plain': {LR: 1e-2},
        'averaged': {LR: 1e-2, 'train_dataloader.batch_size': 2},
    }
    for test in jobs.finals(chosen):
        rate = test.cfg.optim_wrapper.optimizer.lr
        # A variant is what its study asks about: it wins.
        assert rate == (0.5 if test.cell.variant.name else 1e-2)
        if test.cell.system == 'averaged':
            assert test.cfg.train_dataloader.batch_size == 2
    # Without one of its trials a system waits; the others do not.
    last = list(jobs.trials())[-1][2][-1]
    del errors[last.key]
    assert {*jobs.chosen(errors)} == {'plain'}


def test_equal_trials_are_decided_by_their_order(place):
    jobs = jobs_of(place, search=SEARCH)
    errors = {t.key: 1.0 for _, _, tests in jobs.trials() for t in tests}
    assert jobs.chosen(errors)['plain'] == {LR: 1e-3}


def test_too_few_subjects_to_validate_are_told(place):
    with pytest.raises(InputError) as told:
        list(jobs_of(place, search=SEARCH | dict(subjects=99)).trials())
    assert 'search.subjects=99' in str(told.value)


def site_of(name):
    return name.split('_')[0]


def test_nobody_trains_from_the_site_that_is_held_out(place):
    jobs = jobs_of(place, **study(held_out=['north', 'south'], seeds=[0, 1]))
    tests = finals_of(jobs)
    small = {}
    for job in jobs.jobs(tests):
        held, budget, seed = (
            job.cell.held_out, job.cell.budget, job.cell.seed
        )  # fmt: skip
        assert len(job.subjects) == budget
        assert held not in {site_of(name) for name in job.subjects}
        for test in job.tests:
            assert {site_of(name) for name in test.subjects} == {held}
            assert not {*test.subjects} & {*job.subjects}
        small.setdefault((held, seed), {})[budget] = {*job.subjects}
    # Of one seed the budgets are nested; seeds differ.
    assert all(found[4] < found[6] for found in small.values())
    assert small['north', 0] != small['north', 1]


def test_who_was_at_both_sites_neither_trains_nor_is_tested(place):
    file = Path(FACES, ANNOTATIONS)
    content = json.loads(file.read_text())
    splits = Path(FACES, 'splits')
    both = [
        (splits / name).read_text().split()[0]
        for name in ('pool.txt', 'test.txt')
    ]
    for image in list(content['images']):
        if image['subject'] in both:
            other = 'south' if image['site'] == 'north' else 'north'
            # The later record is of the other site.
            content['images'].append(
                dict(image, id=1000 + image['id'], site=other)
            )
    file.write_text(json.dumps(content))
    jobs = jobs_of(place, **study(held_out=['north', 'south'], budgets=[6]))
    for job in jobs.jobs(finals_of(jobs)):
        assert not {*both} & {*job.subjects}
        assert all(not {*both} & {*test.subjects} for test in job.tests)


@pytest.mark.parametrize(
    ('key', 'changes'),
    [
        ('train_split', dict(train_split='splits/none{budget}.txt')),
        ('test_split', dict(test_split='splits/none.txt')),
        ('pool', dict(pool='splits/none.txt', **study(held_out=['north']))),
        ('search.pool', dict(search=SEARCH | dict(pool='splits/none.txt'))),
    ],
)
def test_a_missing_split_is_told_by_the_plans_key(place, key, changes):
    with pytest.raises(InputError, match=rf'plan\.yaml: {key}: .*/none'):
        jobs = jobs_of(place, **changes)
        list(jobs.trials())
        finals_of(jobs)
