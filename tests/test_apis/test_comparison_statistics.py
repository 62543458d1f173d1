"""Which runs are compared, and what is told of their differences."""

from dataclasses import replace

import numpy as np
import pytest
from comparison_runs import run, runs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mmpose_ctd.apis.comparing.summary.grouping import arrange
from mmpose_ctd.apis.comparing.summary.label_efficiency import (
    LabelEfficiency,
    equal_budget,
)
from mmpose_ctd.apis.comparing.summary.learning_section import next_budgets
from mmpose_ctd.apis.comparing.summary.pairing import Pair, corrected
from mmpose_ctd.apis.comparing.summary.pooling import pooled
from mmpose_ctd.apis.comparing.summary.variant_section import (
    baseline_of,
    itself_of,
    setting_of,
)
from mmpose_ctd.evaluation.functional import holm


def arm_of(records):
    found = arrange(records, 'FT')
    assert len(found.arms) == 1
    return found.arms[0]


def pair_of(records, system='CTD-ED', budget=20):
    arm = arm_of(records)
    return Pair.of(arm.get(system, budget), arm.get('FT', budget))


def test_numbers_of_a_cell_are_those_of_its_runs():
    cell = arm_of(runs()).get('FT', 20)
    own = [run('FT', 20, seed).errors.mean(axis=1) for seed in (0, 1, 2)]
    assert cell.mean_error == pytest.approx(np.mean(own))
    np.testing.assert_allclose(cell.mean_errors, np.mean(own, axis=1))
    np.testing.assert_allclose(
        cell.areas(5.0), [np.maximum(0, 1 - e / 5).mean() for e in own]
    )
    np.testing.assert_allclose(
        cell.failure_rates(2.0), [(e > 2).mean() for e in own]
    )


def test_only_seeds_that_both_have_are_compared():
    records = [run('FT', seed=s) for s in (0, 1, 2)]
    records += [
        run('CTD-ED', seed=s, factor=9 if s == 7 else 1) for s in (1, 2, 7)
    ]
    pair = pair_of(records)
    assert pair.seeds == (1, 2)
    expected = np.mean(
        [
            run('CTD-ED', seed=s).mean_error - run('FT', seed=s).mean_error
            for s in (1, 2)
        ]
    )
    assert pair.difference == pytest.approx(expected)
    base = np.mean([run('FT', seed=s).mean_error for s in (1, 2)])
    assert pair.relative == pytest.approx(expected / base)


def test_without_a_common_seed_nothing_is_compared():
    assert pair_of([run('FT', seed=0), run('CTD-ED', seed=1)]) is None


def test_tests_are_those_of_scipy_over_subjects():
    records = runs(subjects=30)
    pair = pair_of(records)
    ours, base = (
        np.mean([run(s, 20, k, subjects=30).image_errors for k in range(3)], 0)
        for s in ('CTD-ED', 'FT')
    )
    assert pair.p_t == pytest.approx(stats.ttest_rel(ours, base).pvalue)
    assert pair.p_wilcoxon == pytest.approx(stats.wilcoxon(ours, base).pvalue)
    change = ours - base
    assert pair.effect_size == pytest.approx(
        change.mean() / change.std(ddof=1)
    )
    np.testing.assert_allclose(
        pair.by_seed,
        [
            run('CTD-ED', 20, k, subjects=30).mean_error
            - run('FT', 20, k, subjects=30).mean_error
            for k in range(3)
        ],
    )


def test_a_subject_counts_once_however_many_images():
    """One subject has half of the images: the test has five units."""
    people = np.array([0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 4, 4])
    records = [replace(r, subjects=people) for r in runs(budgets=(20,))]
    pair = pair_of(records)
    assert len(pair.by_subject) == 5
    assert pair.by_subject[0] == pytest.approx(pair.by_image[:6].mean())
    # All 2^5 settings of the signs are tried.
    assert pair.p_value * 32 == pytest.approx(round(pair.p_value * 32))


def test_systems_of_a_budget_are_one_family():
    arm = arm_of(runs(systems=('FT', 'CTD-ED', 'HG', 'SAM')))
    cells = arm.plain(20)
    pairs = [Pair.of(c, arm.get('FT', 20)) for c in cells]
    found = corrected(pairs)
    assert np.isnan(found[0]) and pairs[0] is None
    single = [p.p_value for p in pairs[1:]]
    assert min(found[1:]) == pytest.approx(min(3 * min(single), 1))


def test_the_order_of_the_records_does_not_matter():
    records = runs()
    shuffled = [records[i] for i in np.random.default_rng(0).permutation(27)]
    first, second = arrange(records, 'FT'), arrange(shuffled, 'FT')
    assert list(first.arms[0].cells) == list(second.arms[0].cells)
    assert first.arms[0].systems == ['FT', 'CTD-ED', 'HG']
    named = arrange(records, 'FT', systems=('HG', 'CTD-ED'))
    assert named.arms[0].systems == ['HG', 'CTD-ED', 'FT']


def test_other_test_sets_are_never_compared():
    records = [run('FT', seed=s) for s in (0, 1)]
    records.append(run('CTD-ED', test_set='other'))
    found = arrange(records, 'FT')
    assert [arm.systems for arm in found.arms] == [['FT'], ['CTD-ED']]
    assert '2 different test sets' in found.warnings[0]
    assert found.arms[0].key != found.arms[1].key


def test_a_run_that_misses_images_is_left_out():
    """Its ME would be that of easier faces."""
    errors = run('CTD-ED').errors.copy()
    errors[3] = np.nan
    found = arrange([*runs(('FT',)), run('CTD-ED', errors=errors)], 'FT')
    assert found.arms[0].systems == ['FT']
    assert 'CTD-ED, n=20, seed 0: left out, its images' in found.warnings[0]


@pytest.mark.parametrize(
    'change, told',
    [
        (dict(errors=np.full((12, 3), np.inf)), 'infinite'),
        (dict(errors=np.full((12, 3), -1.0)), 'negative'),
        (dict(errors=np.full((12, 3), np.nan)), 'no image has an error'),
        (dict(errors=np.ones((4, 3))), 'of shape (4, 3)'),
        (dict(role='test'), "found 'test'"),
    ],
)
def test_a_run_that_cannot_be_used_is_told(change, told):
    found = arrange([run('FT'), run('CTD-ED', **change)], 'FT')
    assert found.arms[0].systems == ['FT']
    assert len(found.warnings) == 1 and told in found.warnings[0]


def test_of_a_run_made_twice_the_later_counts():
    later = run('FT', factor=2.0, started='2027-01-01T00:00:00')
    found = arrange([later, run('FT')], 'FT')
    cell = found.arms[0].get('FT', 20)
    assert cell.mean_error == pytest.approx(later.mean_error)
    assert 'found 2 times' in found.warnings[0]


def test_equal_budget_is_exact_on_a_power_law():
    budgets = [10, 20, 40, 80]
    curve = [4 * n**-0.3 for n in budgets]
    for n in (10, 13, 20, 57, 80):
        assert equal_budget(budgets, curve, 4 * n**-0.3) == pytest.approx(n)


def test_equal_budget_tells_what_lies_outside():
    assert equal_budget([10, 20], [3.0, 2.0], 3.1) == 0
    assert equal_budget([10, 20], [3.0, 2.0], 1.9) == np.inf
    assert equal_budget([10, 20], [3.0, 2.0], 2.0) == pytest.approx(20)


def test_a_curve_that_rises_is_levelled():
    """2 and 3 px count as their geometric mean, which 20 labels reach."""
    level = np.sqrt(6.0)
    assert equal_budget([10, 20, 40], [4.0, 2.0, 3.0], level) == pytest.approx(
        20
    )
    assert equal_budget([10, 20, 40], [4.0, 2.0, 3.0], 2.1) == np.inf


@settings(deadline=None)
@given(
    st.lists(st.floats(0.01, 50), min_size=2, max_size=6),
    st.lists(st.floats(0.01, 50), min_size=2, max_size=2),
)
def test_a_smaller_error_never_needs_fewer_labels(curve, targets):
    budgets = [10 * 2**i for i in range(len(curve))]
    few, many = (
        equal_budget(budgets, curve, t) for t in sorted(targets)[::-1]
    )
    assert few <= many * (1 + 1e-9)
    for value in (few, many):
        assert value in (0, np.inf) or 10 - 1e-6 <= value <= budgets[-1] + 1e-6


def test_the_baseline_needs_as_many_labels_as_it_has():
    arm = arm_of(runs())
    bases = [arm.get('FT', n) for n in (10, 20, 40)]
    twin = replace(bases[1], system='twin')
    found = LabelEfficiency.of(twin, bases)
    assert (found.value, found.low, found.high) == pytest.approx((20, 20, 20))
    assert found.text == '20\n[20, 20]'


def test_label_efficiency_encloses_its_value_and_uses_common_seeds():
    arm = arm_of([*runs(('FT',)), *runs(('CTD-ED',), seeds=(1, 2, 5))])
    bases = [arm.get('FT', n) for n in (10, 20, 40)]
    found = LabelEfficiency.of(arm.get('CTD-ED', 20), bases)
    assert found.seeds == (1, 2)
    assert found.low <= found.value <= found.high
    assert 20 < found.value < 40
    poor = arm_of([*runs(('FT', 'HG'))])
    text = LabelEfficiency.of(poor.get('HG', 10), bases).text
    assert text == '< 10\n[< 10, < 10]'


def test_next_budgets_are_doubles_or_else_the_next():
    assert next_budgets([10, 20, 30, 40, 142]) == {
        10: 20,
        20: 40,
        30: 40,
        40: 142,
    }


def test_variants_find_their_references():
    main = runs(('FT', 'CTD-ED'), budgets=(20,))
    length = [
        run(system, seed=s, study='length', variant=f'steps={n}')
        for system in ('FT', 'CTD-ED')
        for n in (150, 600)
        for s in (0, 1)
    ]
    found = arrange([*length, *main], 'FT')
    first, second = found.arms
    assert (first.study, second.study) == ('main', 'length')
    cell = second.get('CTD-ED', 20, 'steps=150')
    assert itself_of(cell, second)[0] is None
    base, name = itself_of(cell, second, [first])
    assert base is first.get('CTD-ED', 20) and name == 'CTD-ED (main)'
    base, name = baseline_of(cell, second, 'FT', [first])
    assert base is second.get('FT', 20, 'steps=150') and name == 'FT steps=150'
    assert baseline_of(base, second, 'FT', [first])[0] is None
    other = first.get('CTD-ED', 20)
    assert baseline_of(other, first, 'FT')[0] is first.get('FT', 20)


@pytest.mark.parametrize(
    'variant, expected',
    [
        ('steps=150', ('steps', 150.0)),
        ('weight=1e-3', ('weight', 0.001)),
        ('teacher=random', None),
        ('weight=nan', None),
        ('weight=inf', None),
        ('=3', None),
        ('', None),
    ],
)
def test_settings_that_are_numbers(variant, expected):
    assert setting_of(variant) == expected


def test_sites_together_are_all_images_of_other_people():
    records = [
        run(system, 20, seed, held_out=site, test_set=site, subjects=n)
        for system in ('FT', 'CTD-ED')
        for seed in (0, 1)
        for site, n in (('london', 5), ('3dsk', 9))
    ]
    arms = arrange(records, 'FT').arms
    assert [arm.held_out for arm in arms] == ['3dsk', 'london']
    together, budget = pooled(arms)
    cell = together.get('CTD-ED', budget)
    assert cell.num_subjects == 14 and cell.seeds == (0, 1)
    parts = [arm.get('CTD-ED', 20).image_errors for arm in arms]
    np.testing.assert_array_equal(cell.image_errors, np.hstack(parts))
    assert pooled(arms[:1]) is None


def test_sites_together_do_not_join_what_has_the_same_seed():
    def records(order):
        """Those of one site with the numbers of their seeds exchanged."""
        return [
            replace(
                run(
                    system, 20, order[seed] if site == '3dsk' else seed,
                    held_out=site, test_set=site, subjects=n,
                ),
                seed=seed,
            )
            for system in ('FT', 'CTD-ED')
            for seed in (0, 1, 2)
            for site, n in (('london', 7), ('3dsk', 9))
        ]  # fmt: skip

    found = []
    for order in ([0, 1, 2], [2, 0, 1]):
        together, budget = pooled(arrange(records(order), 'FT').arms)
        cell = together.get('CTD-ED', budget)
        pair = Pair.of(cell, together.get('FT', budget))
        random = pair.random_seeds
        found.append(
            [pair.difference, random.low, random.high, cell.deviation]
        )
        assert len(pair.by_training) == 6
    np.testing.assert_allclose(*found)


def test_what_stands_twice_is_one_hypothesis():
    records = runs(('FT', 'CTD-ED', 'HG'), budgets=(20,))
    twin = [
        replace(r, variant='loss_weight=10')
        for r in records
        if r.system == 'CTD-ED'
    ]
    arm = arm_of([*records, *twin])
    base = arm.get('FT', 20)
    pair, other = (
        Pair.of(arm.get(name, 20), base) for name in ('CTD-ED', 'HG')
    )
    double = Pair.of(arm.get('CTD-ED', 20, 'loss_weight=10'), base)
    alone = corrected([pair, other])
    assert corrected([pair, other, double, None])[:3] == [*alone, alone[0]]
    # It can fail: three hypotheses cost more.
    assert holm([pair.p_value, other.p_value, double.p_value])[0] > alone[0]
