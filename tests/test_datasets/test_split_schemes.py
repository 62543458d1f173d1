"""What every way to split promises, on sets of any composition."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused

from mmpose_ctd.datasets.split_selection import (
    RecordIndex,
    people_of,
    select_images,
)
from mmpose_ctd.datasets.splits import SplitOptions
from mmpose_ctd.datasets.splits.make import calibration_note
from mmpose_ctd.datasets.splits.population import Population
from mmpose_ctd.datasets.splits.schemes import SCHEMES
from mmpose_ctd.datasets.splits.split_files import sides

seeds = st.integers(0, 5)


def population(sites, per_subject=2) -> Population:
    """Subjects s0, s1 ... with images at these sites; None is no site."""
    images = {}
    for i, site in enumerate(sites):
        for j in range(per_subject):
            where = site[j] if isinstance(site, list) else site
            record = dict(file_name=f's{i}_{j}.png', subject=f's{i}')
            images[len(images)] = dict(record, site=where)
    by_subject: dict = {}
    for image in images.values():
        by_subject.setdefault(image['subject'], []).append(image)
    return Population('a.json', RecordIndex(images), images, by_subject)


def draw(scheme, people, fixed=None, **options):
    options = SplitOptions(scheme=scheme, **options)
    fixed = {'fixed': fixed} if fixed else {}
    suffixes = [f'_seed{seed}' for seed in options.seed]
    if len(suffixes) == 1:
        suffixes = ['']
    return [
        partition
        for seed, suffix in zip(options.seed, suffixes)
        for partition in SCHEMES[scheme](
            people, options, seed, suffix, **fixed
        )
    ]


def subjects(lines, people) -> set:
    return people_of(lines, people.images)


def assert_disjoint(partitions, people):
    for partition in partitions:
        sides = [subjects(lines, people) for lines in partition.values()]
        assert all(sides)
        assert not any(a & b for a, b in combinations(sides, 2))


site_lists = st.lists(
    st.sampled_from(['a', 'a', 'b', 'c', None, ['a', 'b']]),
    min_size=8,
    max_size=30,
)


@settings(deadline=None, max_examples=25)
@given(site_lists, seeds, st.sampled_from(['subject', 'stratified']))
def test_three_sides_are_disjoint_complete_and_repeatable(sites, seed, how):
    people = population(sites)
    (partition,) = draw(how, people, seed=[seed])
    assert_disjoint([partition], people)
    assert {*partition} == {'train', 'val', 'test'}
    assert set().union(*partition.values()) == {*people.by_subject}
    test = partition['test']
    assert len(test) == max(1, round(0.2 * len(sites)))
    if how == 'stratified':
        homes = Counter(map(people.site_of, people.by_subject))
        drawn = Counter(map(people.site_of, test))
        for site, total in homes.items():
            exact = len(test) * total / len(sites)
            assert abs(drawn[site] - exact) < 1
    assert draw(how, people, seed=[seed]) == [partition]


@settings(deadline=None, max_examples=25)
@given(site_lists, st.integers(2, 6), seeds)
def test_folds_test_everybody_once(sites, folds, seed):
    people = population(sites)
    partitions = draw('kfold', people, folds=folds, seed=[seed])
    assert_disjoint(partitions, people)
    tests = [
        p[f'test_fold{i}of{folds}_seed{seed}']
        for i, p in enumerate(partitions, start=1)
    ]
    assert sorted(s for test in tests for s in test) == sorted(
        people.by_subject
    )
    for site in {None, *map(people.site_of, people.by_subject)}:
        sizes = [
            sum(site in (None, people.site_of(s)) for s in test)
            for test in tests
        ]
        assert max(sizes) - min(sizes) <= 1


@settings(deadline=None, max_examples=25)
@given(site_lists, seeds)
def test_smaller_budgets_lie_in_larger_ones(sites, seed):
    people = population(sites)
    partitions = draw('budgets', people, budgets=[3, 1, 2], seed=[seed])
    assert_disjoint(partitions, people)
    one, two, three = (
        partitions[i][f'train_n{i + 1:03d}_seed{seed}'] for i in range(3)
    )
    assert three[:2] == two and two[:1] == one and len(three) == 3
    # The test is the same for all of them.
    assert len({tuple(p['test']) for p in partitions}) == 1


def test_all_seeds_of_budgets_share_one_test_and_respect_a_given_one():
    people = population(['a'] * 10)
    partitions = draw('budgets', people, budgets=[4], seed=[0, 1])
    assert partitions[0]['test'] == partitions[1]['test']
    assert (
        partitions[0]['train_n004_seed0']
        != (partitions[1]['train_n004_seed1'])
    )
    fixed = dict(test=['s3', 'image:s5_0.png'])
    (partition,) = draw('budgets', people, budgets=[8], fixed=fixed)
    assert {*partition['train_n008_seed0']} == {
        f's{i}' for i in range(10) if i not in (3, 5)
    }
    with refused(found='1 lines'):
        draw('budgets', people, fixed=dict(test=['nobody']))


def test_a_left_out_site_is_seen_by_nobody_who_trains():
    # s8 was at both sites; s9 has an image without a site.
    people = population(['a'] * 4 + ['b'] * 4 + [['a', 'b'], ['a', None]])
    partitions = draw('leave-one-site-out', people)
    assert_disjoint(partitions, people)
    assert [[*p] for p in partitions] == [
        ['train_without_a', 'val_without_a', 'test_a'],
        ['train_without_b', 'val_without_b', 'test_b'],
    ]
    for partition, site in zip(partitions, 'ab'):
        ids = select_images(partition[f'test_{site}'], people.images).ids
        found = {people.images[i]['site'] for i in ids}
        assert found == {site}
        everywhere = {i for i, r in people.images.items() if r['site'] == site}
        assert ids == everywhere
        trained = partition[f'train_without_{site}']
        assert not {'s8', 's9'} & {*trained}


def test_sites_become_file_names_of_their_own():
    people = population(['St. Mary/1', 'st. mary 1', 'Zürich', 'Zürich'])
    partitions = draw('leave-one-site-out', people, val=0)
    names = [name for p in partitions for name in p if 'test' in name]
    assert names == ['test_St_Mary_1', 'test_Zürich', 'test_st_mary_1_2']


@pytest.mark.parametrize(
    'scheme, sites, options, found',
    [
        ('subject', ['a', 'a'], {}, '2 labelled subjects, 1 to test and 1'),
        ('kfold', ['a'] * 4, {}, '--folds 5 for 4 labelled subjects'),
        ('leave-one-site-out', ['a'] * 4, {}, '1 sites'),
        ('leave-one-site-out', [['a', 'b']] * 4, {}, "seen at 'a'"),
        ('budgets', ['a'] * 9, dict(budgets=[10]), '--budgets 10 of 6'),
        ('subject', [], {}, "no labelled image record has a 'subject'"),
    ],
)
def test_what_cannot_be_split_is_refused(scheme, sites, options, found):
    with refused('a.json', found=found) as error:
        draw(scheme, population(sites), **options)
    assert error.value.expected


@pytest.mark.parametrize(
    'options, where',
    [
        (dict(scheme='magic'), '--scheme magic'),
        (dict(test=0), '--test 0'),
        (dict(val=-0.1), '--val -0.1'),
        (dict(test=0.8, val=0.2), '--test 0.8, --val 0.2'),
        (dict(seed=-1), '--seed -1'),
    ],
)
def test_shares_and_seeds_are_checked(options, where):
    with refused(where):
        SplitOptions(**options)


# --- names of files


@pytest.mark.parametrize('scheme', list(SCHEMES))
@pytest.mark.parametrize('seeds', [(0,), (0, 1)])
def test_names_show_which_files_belong_together(scheme, seeds):
    people = population(['a', 'b'] * 10)
    partitions = draw(scheme, people, seed=seeds, budgets=(2, 4))
    expected = set()
    for partition in partitions:
        order = sorted(
            partition,
            key=lambda n: ['train', 'val', 'test'].index(n.split('_')[0]),
        )
        expected |= {*combinations(order, 2)}
    names = {name for partition in partitions for name in partition}
    assert {*sides(names)} == expected


def test_names_that_do_not_belong_together():
    names = ['train_fold1of5_seed0', 'train_without_a', 'test', 'test_b']
    assert sides(names) == []
    assert sides(['trainees', 'everybody', 'testing', 'val']) == []


# --- people to calibrate with -----------------------------------------------


@pytest.mark.parametrize(
    'total, scheme, options, is_noted',
    [
        (25, 'subject', {}, False),
        (94, 'stratified', {}, False),
        (25, 'budgets', {}, False),
        (4, 'subject', {}, True),
        (40, 'subject', dict(val=0.05), True),
        (40, 'subject', dict(val=0), True),
        (30, 'kfold', dict(folds=2), True),
        (30, 'kfold', dict(folds=5), False),
    ],
)
def test_too_few_people_to_calibrate_are_noted(
    total, scheme, options, is_noted
):
    people = population(['a'] * total)
    partitions = draw(scheme, people, **options)
    note = calibration_note(partitions, people)
    assert bool(note) == is_noted
    assert not note or f'of {total} labelled' in note
    for partition in partitions:
        # Who neither trains nor tests.
        others = set().union(
            *(
                subjects(lines, people)
                for name, lines in partition.items()
                if not name.startswith('val')
            )
        )
        assert (len({*people.by_subject} - others) < 10) == is_noted
    if is_noted and scheme == 'subject':
        assert len(partitions[0]['train']) >= total / 2
