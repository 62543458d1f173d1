"""Which runs are compared, and the statistics of their differences."""

import numpy as np
import pytest
from comparison_runs import run, runs
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_ctd.apis.comparing.arms import (
    arms_of,
    pooled,
    reference,
)
from mmpose_ctd.apis.comparing.differences import SystemErrors, corrected
from mmpose_ctd.apis.comparing.label_sections import (
    equal_budget,
    labels_needed,
    labels_text,
    next_budgets,
)
from mmpose_ctd.apis.comparing.results_frame import results_frame
from mmpose_ctd.evaluation.functional import holm


def arms(records, **order):
    return arms_of(results_frame(records), 'FT', **order)


def arm_of(records):
    (arm,) = arms(records)
    return arm


def difference(records, system='CTD-ED', budget=20):
    arm = arm_of(records)
    return arm.get(system, budget).less(arm.get('FT', budget))


def test_only_common_seeds_are_compared():
    records = [run('FT', seed=s) for s in (0, 1, 2)]
    records += [
        run('CTD-ED', seed=s, factor=9 if s == 7 else 1) for s in (1, 2, 7)
    ]
    found = difference(records)
    assert found.seeds == [1, 2]
    ours, base = (
        np.mean([run(system, seed=s)['errors'].mean() for s in (1, 2)])
        for system in ('CTD-ED', 'FT')
    )
    assert found.mean == pytest.approx(ours - base)
    assert found.relative == pytest.approx((ours - base) / base)
    assert difference([run('FT', seed=0), run('CTD-ED', seed=1)]) is None


def test_a_subject_counts_once_however_many_images():
    people = np.array([0] * 6 + [1, 2, 3, 4, 4, 4])
    found = difference([r | {'subjects': people} for r in runs(budgets=(20,))])
    assert len(found.by_subject) == 5
    assert found.by_subject[0] == pytest.approx(found.by_image[:6].mean())


def test_a_family_is_corrected_and_a_twin_counts_once():
    records = runs(('FT', 'CTD-ED', 'HG'), budgets=(20,))
    twin = [
        r | {'variant': 'loss_weight=10'}
        for r in records
        if r['system'] == 'CTD-ED'
    ]
    arm = arm_of([*records, *twin])
    base = arm.get('FT', 20)
    one, other = (arm.get(name, 20).less(base) for name in ('CTD-ED', 'HG'))
    double = arm.get('CTD-ED', 20, 'loss_weight=10').less(base)
    alone = corrected([one, other])
    assert alone == holm([one.p_value, other.p_value]).tolist()
    assert corrected([one, other, double])[:3] == [*alone, alone[0]]
    assert np.isnan(corrected([None, one])[0])
    # Three hypotheses would cost more.
    assert holm([one.p_value, other.p_value, double.p_value])[0] > alone[0]


def test_other_test_sets_are_never_compared():
    records = [run('FT', seed=s) for s in (0, 1)]
    found = arms([*records, run('CTD-ED', test_set='other')])
    assert [arm.systems for arm in found] == [['FT'], ['CTD-ED']]
    assert found[0].key != found[1].key


def test_equal_budget_is_exact_on_a_power_law():
    budgets = [10, 20, 40, 80]
    curve = [4 * n**-0.3 for n in budgets]
    for n in (10, 13, 20, 57, 80):
        assert equal_budget(budgets, curve, 4 * n**-0.3) == pytest.approx(n)
    # 2 and 3 px count as their geometric mean, which 20 labels reach.
    rising = [10, 20, 40], [4.0, 2.0, 3.0]
    assert equal_budget(*rising, np.sqrt(6.0)) == pytest.approx(20)
    assert equal_budget(*rising, 2.1) == np.inf
    assert next_budgets([10, 20, 40, 142]) == {10: 20, 20: 40, 40: 142}


@settings(deadline=None, max_examples=50)
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


def test_labels_needed():
    arm = arm_of([*runs(('FT', 'HG')), *runs(('CTD-ED',), seeds=(1, 2, 5))])
    bases = [arm.get('FT', n) for n in (10, 20, 40)]
    twin = SystemErrors('twin', '', 20, bases[1].frame)
    values, _ = labels_needed(twin, bases)
    assert values == pytest.approx([20, 20, 20])
    assert labels_text(values, [10, 20, 40]) == '20\n[20, 20]'
    (value, *ends), seeds = labels_needed(arm.get('CTD-ED', 20), bases)
    assert seeds == [1, 2]
    assert ends[0] <= value <= ends[1]
    assert 20 < value < 40
    values, _ = labels_needed(arm.get('HG', 10), bases)
    assert labels_text(values, [10, 20, 40]) == '< 10\n[< 10, < 10]'
    assert labels_needed(None, bases) is None


def test_variants_find_their_references():
    main = runs(('FT', 'CTD-ED'), budgets=(20,))
    length = [
        run(system, seed=s, study='length', variant=f'steps={n}')
        for system in ('FT', 'CTD-ED')
        for n in (150, 600)
        for s in (0, 1)
    ]
    first, second = arms([*length, *main])
    assert (first.study, second.study) == ('main', 'length')
    cell = second.get('CTD-ED', 20, 'steps=150')
    assert reference(cell, [second])[0] is None
    base, name = reference(cell, [second, first])
    assert base is first.get('CTD-ED', 20) and name == 'CTD-ED (main)'
    base, name = reference(cell, [second, first], 'FT')
    assert base is second.get('FT', 20, 'steps=150') and name == 'FT steps=150'
    assert reference(base, [second, first], 'FT')[0] is None
    other = first.get('CTD-ED', 20)
    assert reference(other, [first], 'FT')[0] is first.get('FT', 20)


def test_sites_together_are_all_images_of_other_people():
    def records(order):
        """Those of one site with the numbers of their seeds exchanged."""
        return [
            run(
                system, 20, order[seed] if site == '3dsk' else seed,
                held_out=site, test_set=site, subjects=n,
            ) | {'seed': seed}
            for system in ('FT', 'CTD-ED')
            for seed in (0, 1, 2)
            for site, n in (('london', 7), ('3dsk', 9))
        ]  # fmt: skip

    numbers = []
    for order in ([0, 1, 2], [2, 0, 1]):
        found = arms(records(order))
        assert [arm.held_out for arm in found] == ['3dsk', 'london']
        together, budget = pooled(found)
        cell = together.get('CTD-ED', budget)
        assert cell.num_subjects == 16 and cell.seeds == [0, 1, 2]
        parts = [arm.get('CTD-ED', 20).errors for arm in found]
        np.testing.assert_array_equal(cell.errors, np.hstack(parts))
        pair = cell.less(together.get('FT', budget))
        random = pair.random_seeds
        numbers.append([pair.mean, random.low, random.high, cell.deviation])
        assert len(pair.by_training) == 6
    # Two networks with the same seed share nothing.
    np.testing.assert_allclose(*numbers)
    assert pooled(found[:1]) is None
