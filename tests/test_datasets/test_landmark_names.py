"""Partners of landmarks by their names and a config, and their metainfo."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from refusals import refused

from mmpose_ctd.datasets.landmark_names import (
    flip_partners,
    landmark_metainfo,
    numbered,
)

# Pieces that make sides, look like sides, or repeat.
PIECES = ['eye', 'left', 'Right', '_R', '_L', '_2', ' ', 'cleft', 'right', '-']
NAMES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map(''.join)


def test_given_pairs_come_before_names():
    names = ['eye_R', 'eye_L', 'ala_dex_R', 'ala_sin', 'scar_L']
    pairs = [('ala_dex_R', 'ala_sin'), ('scar_L', 'scar_L')]
    partners = flip_partners(names, pairs)
    assert partners == ['eye_L', 'eye_R', 'ala_sin', 'ala_dex_R', 'scar_L']
    # A landmark whose partner was given to another has none.
    names = ['eye_R', 'eye_L', 'brow_L']
    partners = flip_partners(names, [('eye_R', 'brow_L')])
    assert partners == ['brow_L', 'eye_L', 'eye_R']


@pytest.mark.parametrize(
    'pairs, found',
    [
        ([('a', 'nsoe')], "'nsoe'"),
        ([('a', 'b'), ('c', 'a')], "'a' has two partners, 'b' and 'c'"),
        (['ab'], "'ab'"),
        ([['a']], "['a']"),
        ([['a', 'b', 'a']], "['a', 'b', 'a']"),
    ],
)
def test_a_wrong_pair_is_refused(pairs, found):
    with refused('dataset.flip_pairs', found=found) as caught:
        flip_partners(['a', 'b', 'c'], pairs)
    assert caught.value.expected


@given(st.lists(NAMES, min_size=1, max_size=8, unique=True), st.data())
def test_partners_are_mutual(names, data):
    paired = data.draw(st.permutations(names))[: data.draw(st.integers(0, 4))]
    pairs = list(zip(paired[::2], paired[1::2]))
    partners = dict(zip(names, flip_partners(names, pairs)))
    assert {partners[partners[name]] == name for name in names} == {True}
    assert all(partners[a] == b for a, b in pairs)


@example(['a', 'a', 'a_2', 'a'])
@given(st.lists(NAMES, min_size=1, max_size=10))
def test_numbered_names_are_all_different_and_keep_first_occurrences(names):
    found = numbered(names)
    assert len({*found}) == len(names)
    first = [names.index(name) for name in names]
    for i, (name, unique) in enumerate(zip(names, found)):
        assert unique.startswith(name)
        assert (unique == name) == (first[i] == i)


def test_metainfo_passes_mmposes_own_parser():
    names = ['eye_R', 'nose', 'eye_L', 'ear', 'horn']
    raw = landmark_metainfo(
        names,
        skeleton=[(1, 2), (2, 3)],
        flip_pairs=[('ear', 'horn')],
    )
    # Right, left and midline have colours of their own.
    assert len({(*k['color'],) for k in raw['keypoint_info'].values()}) == 3
    parsed = parse_pose_metainfo(raw)
    assert parsed['num_keypoints'] == 5
    assert parsed['keypoint_id2name'] == dict(enumerate(names))
    assert parsed['flip_indices'] == [2, 1, 0, 4, 3]
    assert parsed['skeleton_links'] == [(0, 1), (1, 2)]
    assert parsed['dataset_keypoint_weights'].tolist() == [1] * 5
    assert len(parsed['sigmas']) == len(parsed['keypoint_colors']) == 5
