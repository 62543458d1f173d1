"""Which landmarks swap in a mirrored face, as far as names tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from mmpose_ctd.datasets.landmark_names import (
    flip_partners,
    landmark_metainfo,
    numbered,
)
from mmpose_ctd.errors import InputError

# Pieces that make sides, look like sides, or repeat.
PIECES = ['eye', 'left', 'Right', '_R', '_L', '_2', ' ', 'cleft', 'right', '-']
NAMES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map(''.join)


@pytest.mark.parametrize(
    'one, other',
    [
        ('exocanthion_R', 'exocanthion_L'),
        ('hairline_R_2', 'hairline_L_2'),
        ('left pupil', 'right pupil'),
        ('left of left iris', 'right of right iris'),
        ('top-left of the lip', 'top-right of the lip'),
        ('Left Eye', 'Right Eye'),
        ('LeftEye', 'RightEye'),
        ('mouth_left', 'mouth_right'),
    ],
)
def test_names_of_two_sides_swap(one, other):
    assert flip_partners([one, 'nose', other]) == [other, 'nose', one]


def test_given_pairs_pair_what_names_do_not_say():
    names = ['eye_R', 'eye_L', 'ala_dex_R', 'ala_sin', 'scar_L']
    pairs = [('ala_dex_R', 'ala_sin'), ('scar_L', 'scar_L')]
    partners = flip_partners(names, pairs)
    assert partners == ['eye_L', 'eye_R', 'ala_sin', 'ala_dex_R', 'scar_L']


def test_given_pairs_come_before_names():
    names = ['eye_R', 'eye_L', 'brow_L']
    # Whose partner has been given away has none.
    assert flip_partners(names, [('eye_R', 'brow_L')]) == [
        'brow_L',
        'eye_L',
        'eye_R',
    ]


def test_a_pair_of_an_unknown_landmark_is_refused():
    with pytest.raises(InputError, match="flip_pairs names 'nsoe'.* eye_R"):
        flip_partners(['eye_R', 'nose'], [('nose', 'nsoe')])


def test_a_landmark_of_two_partners_is_refused():
    with pytest.raises(InputError, match="'a' two partners, 'b' and 'c'"):
        flip_partners(['a', 'b', 'c'], [('a', 'b'), ('c', 'a')])


@pytest.mark.parametrize('pair', ['ab', ['a'], ['a', 'b', 'a']])
def test_what_is_no_pair_is_refused(pair):
    with pytest.raises(InputError, match='flip_pairs has .* expected pairs'):
        flip_partners(['a', 'b'], [pair])


@given(st.lists(NAMES, min_size=1, max_size=8, unique=True), st.data())
def test_partners_are_mutual(names, data):
    paired = data.draw(st.permutations(names))[: data.draw(st.integers(0, 4))]
    pairs = list(zip(paired[::2], paired[1::2]))
    partners = dict(zip(names, flip_partners(names, pairs)))
    assert {partners[partners[name]] == name for name in names} == {True}
    assert all(partners[a] == b for a, b in pairs)


@given(st.lists(NAMES, min_size=1, max_size=10))
def test_numbered_names_are_all_different_and_keep_first_occurrences(names):
    found = numbered(names)
    assert len({*found}) == len(names)
    first = [names.index(name) for name in names]
    for i, (name, unique) in enumerate(zip(names, found)):
        assert unique.startswith(name)
        assert (unique == name) == (first[i] == i)


def test_repeated_names_are_numbered():
    names = ['hairline', 'nose', 'hairline', 'hairline']
    expected = ['hairline', 'nose', 'hairline_2', 'hairline_3']
    assert numbered(names) == expected
    # A name that the file gives stays its own.
    assert numbered(['a', 'a_2', 'a']) == ['a', 'a_2', 'a_3']
    assert numbered(['a', 'a', 'a_2']) == ['a', 'a_3', 'a_2']


def test_metainfo_passes_mmposes_own_parser():
    names = ['eye_R', 'nose', 'eye_L', 'ear', 'horn']
    raw = landmark_metainfo(
        names,
        skeleton=[(1, 2), (2, 3)],
        flip_pairs=[('ear', 'horn')],
        dataset_name='mine',
    )
    parsed = parse_pose_metainfo(raw)
    assert parsed['dataset_name'] == 'mine'
    assert parsed['num_keypoints'] == 5
    assert parsed['keypoint_id2name'] == dict(enumerate(names))
    assert parsed['flip_indices'] == [2, 1, 0, 4, 3]
    assert parsed['skeleton_links'] == [(0, 1), (1, 2)]
    assert parsed['dataset_keypoint_weights'].tolist() == [1] * 5
    assert len(parsed['sigmas']) == len(parsed['keypoint_colors']) == 5


def test_sides_have_colours_of_their_own():
    raw = landmark_metainfo(['eye_R', 'eye_L', 'nose'])
    colours = [tuple(k['color']) for k in raw['keypoint_info'].values()]
    assert len(set(colours)) == 3
