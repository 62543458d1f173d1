"""Which split files must not share anybody."""

import pytest
from landmark_set import landmark_content, write_landmark_set

from mmpose_ctd.datasets.splits import (
    SCHEMES,
    Population,
    SplitOptions,
    draw_splits,
)
from mmpose_ctd.datasets.splits.split_names import sides


@pytest.mark.parametrize('scheme', list(SCHEMES))
@pytest.mark.parametrize('seeds', [(0,), (0, 1)])
def test_the_names_tell_the_partitions_of_every_scheme(
    tmp_path, scheme, seeds
):
    root = write_landmark_set(tmp_path, landmark_content(40))
    people = Population.read(str(root / 'annotations' / 'landmarks.json'))
    options = SplitOptions(seeds=seeds, budgets=(2, 4))
    partitions = draw_splits(scheme, people, options)
    expected = set()
    for partition in partitions:
        order = sorted(
            partition,
            key=lambda n: ['train', 'val', 'test'].index(n.split('_')[0]),
        )
        expected |= {
            (a, b) for i, a in enumerate(order) for b in order[i + 1 :]
        }
    names = {name for partition in partitions for name in partition}
    assert {*sides(names)} == expected


def test_folds_and_sites_do_not_meet_a_plain_test():
    names = ['train_fold1of5_seed0', 'train_without_a', 'test', 'test_b']
    assert sides(names) == []


def test_other_names_belong_to_nothing():
    assert sides(['trainees', 'everybody', 'testing', 'val']) == []
