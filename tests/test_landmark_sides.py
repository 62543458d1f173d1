"""Partners of landmarks, in every usual spelling of their sides."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_ctd.landmark_sides import (
    canonical,
    is_sided,
    side_of,
    side_partners,
    unsettled_names,
)

#: Names of landmarks without a side, of faces, skulls and spines.
MIDLINE = [
    *('nasion', 'glabella', 'pronasale', 'subnasale', 'gnathion', 'trichion'),
    *('labrale_superius', 'labraleInferius', 'labrale', 'stomion', 'Menton'),
    *('upper_lip', 'lower lip', 'lateral', 'lateral_canthus', 'alare', 'al'),
    *('sn', 'ls', 'li', 'Li', 'sto', 'gn', 'prn', 'A', 'B', 'ANS', 'PNS'),
    *('L1', 'L2', 'L3', 'L4', 'L5', 'L4L5', 'L5/S1', 'T12', 'C7', 'lr', 'rl'),
    *('leftover', 'cleft', 'bright', 'upright', 'dright', 'philtrum_top'),
    *('RPM', 'LED', 'r', 'L', 're', 'li', 'rt', 'retro', 'Rhinion', 'Lip'),
    *('_Rim', 'exor', 'lexo', 'point_d', 'point_g', 'landmark 17', '17'),
    *('od', 'os', 'os frontale', 'Os', 'sin', 'der Kinnpunkt', 'dx'),
    *('crista philtri', 'Kinn', 'Nasenspitze', 'menton (bas)', 'pogonion'),
]
BASES = [
    'exocanthion',
    'alar_base',
    'upper lip',
    'cristaPhiltri',
    'labrale',
    'mandibular',
    'ala',
    'Öhr',
    'œil',
    'Cheilion',
]
#: A right-hand spelling of a base, and the left-hand one.
SPELLINGS = {
    '_R': ('{}_R', '{}_L'),
    '_r': ('{}_r', '{}_l'),
    'R_': ('R_{}', 'L_{}'),
    'r_': ('r_{}', 'l_{}'),
    '.R': ('{}.R', '{}.L'),
    '(R)': ('{}(R)', '{}(L)'),
    '_R_': ('{}_R_top', '{}_L_top'),
    '_r1': ('{}_r1', '{}_l1'),
    '_R_2': ('{}_R_2', '{}_L_2'),
    '1R': ('{}1R', '{}1L'),
    'R camel': ('{}R', '{}L'),
    'Right camel': ('{}Right', '{}Left'),
    'right ': ('right {}', 'left {}'),
    ' right': ('{} right', '{} left'),
    'RIGHT_': ('RIGHT_{}', 'LEFT_{}'),
    'two': ('left of right {}', 'right of left {}'),
    'rt': ('{}_rt', '{}_lt'),
    'RT ': ('RT {}', 'LT {}'),
    'rechts': ('{} rechts', '{} links'),
    'rechtes': ('rechtes {}', 'linkes {}'),
    'Rechte': ('Rechte_{}', 'Linke_{}'),
    're': ('{} re', '{} li'),
    'droit': ('{} droit', '{} gauche'),
    'dextra': ('{} dextra', '{} sinistra'),
    'OD': ('{}_OD', '{}_OS'),
    'dx': ('{}_dx', '{}_sx'),
    'destro': ('{} destro', '{} sinistro'),
    'derecha': ('{}_derecha', '{}_izquierda'),
    'der': ('{}_der', '{}_izq'),
    'direito': ('{} direito', '{} esquerdo'),
    'dext': ('{}_dext', '{}_sin'),
    'höger': ('höger {}', 'vänster {}'),
}
FAINT = ('re', 'OD', 'der', 'dext')
names = st.sampled_from(BASES)
spellings = st.sampled_from(list(SPELLINGS))


@pytest.mark.parametrize('spelling', SPELLINGS)
def test_every_spelling_of_two_sides_is_a_pair(spelling):
    for base in BASES:
        right, left = (form.format(base) for form in SPELLINGS[spelling])
        given = [right, 'nasion', left]
        assert side_partners(given) == [left, 'nasion', right]
        if spelling != 'two':
            assert (side_of(right), side_of(left)) == ('R', 'L')
        assert is_sided(right) == is_sided(left) == (spelling not in FAINT)
        assert unsettled_names(given, side_partners(given)) == []


@settings(deadline=None)
@given(st.lists(st.tuples(names, spellings), min_size=1, unique=True))
def test_partners_are_mutual_and_of_different_sides(chosen):
    made = [
        form.format(base)
        for base, spelling in chosen
        for form in SPELLINGS[spelling]
    ]
    made = list(dict.fromkeys([*made, *MIDLINE]))
    partners = dict(zip(made, side_partners(made)))
    for name, partner in partners.items():
        assert partners[partner] == name
        if name != partner:
            assert {side_of(name), side_of(partner)} == {'R', 'L'}


@settings(deadline=None)
@given(st.lists(st.text(max_size=12), unique=True))
def test_any_text_has_a_mutual_partner(given_names):
    partners = dict(zip(given_names, side_partners(given_names)))
    assert all(partners[partners[name]] == name for name in given_names)
    assert {*unsettled_names(given_names, list(partners.values()))} <= {
        *given_names
    }
    assert all(canonical(name)[1] in ('R', 'L', None) for name in given_names)


def test_names_without_a_side_have_none():
    assert [name for name in MIDLINE if is_sided(name)] == []
    assert side_partners(MIDLINE) == MIDLINE


@pytest.mark.parametrize(
    'given, partners',
    [
        # Spellings may differ within a pair.
        ('Exocanthion_R alaRight', 'exocanthion-l ala_L'),
        # Equal spellings come first.
        ('eye_R eye-right', 'eye_L eye-left'),
        # The small letter before a capital is a side.
        ('rAlar_Base', 'lAlar_Base'),
        # The partner of eye_L is ambiguous.
        ('eye-R eye.R eye_L', ''),
    ],
)
def test_spellings_of_one_set(given, partners):
    left, right = given.split(), partners.split()
    expected = [*right, *left] if right else left
    assert side_partners([*left, *right]) == expected


@pytest.mark.parametrize(
    'name, side',
    [
        ('left of the right iris', 'R'),
        ('left_eye_right_corner', 'L'),
        ('top-left of the lip', 'L'),
    ],
)
def test_of_two_sides_that_of_the_whole_counts(name, side):
    assert side_of(name) == side


@pytest.mark.parametrize(
    'name', ['CristaPhiltri-right', 'crista_philtri_R', 'rCristaPhiltri']
)
def test_the_canonical_name_has_no_spelling(name):
    assert canonical(name) == ('crista_philtri', 'R')
    assert canonical('Labrale Superius') == ('labrale_superius', None)


# ------------------------------------------------ what names leave open

PAIR = ['eye_R', 'eye_L']


def unsettled(*others, stated=(), before=tuple(PAIR)):
    given_names = [*before, *others]
    return unsettled_names(given_names, side_partners(given_names), stated)


@pytest.mark.parametrize(
    'others',
    [
        ['scar_L'],
        ['point 17'],
        ['hairline', 'hairline_2'],
        ['brow_left', 'brow_left_2', 'brow_right', 'brow_right_2'],
        ['righteye', 'lefteye'],
        ['R1', 'L1'],
        ['oeil_d', 'oeil_g'],
    ],
)
def test_names_that_leave_a_partner_open(others):
    assert unsettled(*others) == others
    assert unsettled(*others, stated=others) == []


@pytest.mark.parametrize(
    'others',
    [
        ['nasion', 'sn', 'li', 'al', 'ar'],
        ['mesh_33_R', 'mesh_33_L', 'mesh_5', 'mesh_7'],
    ],
)
def test_names_of_the_midline_beside_pairs_are_settled(others):
    assert unsettled(*others) == []


@pytest.mark.parametrize(
    'given_names',
    [['exo_R', 'endo_R', 'subnasale'], ['nasion', 'stomion'], ['1', '2', '3']],
)
def test_a_set_without_any_pair_is_open(given_names):
    assert unsettled(*given_names, before=()) == given_names


def test_one_landmark_of_the_midline_is_settled():
    assert unsettled('nasion', before=()) == []
    assert unsettled('eye_R', before=()) == ['eye_R']
