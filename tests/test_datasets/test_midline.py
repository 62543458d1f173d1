"""Landmarks whose names hide their sides are found by where they lie."""

import json

import numpy as np
import pytest
from landmark_set import landmark_content, write_landmark_set

from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.datasets.checking import check
from mmpose_ctd.datasets.midline import labelled_points, off_midline
from mmpose_ctd.errors import InputError
from mmpose_ctd.landmark_sides import side_partners

#: A face, from its midline, in units of half the distance of the eyes.
SHAPE = {
    'exo{0}': (-1.0, -0.1),
    'exo{1}': (1.0, -0.1),
    'endo{0}': (-0.4, 0.0),
    'endo{1}': (0.4, 0.0),
    'philtrum{0}': (-0.12, 1.1),
    'philtrum{1}': (0.12, 1.1),
    'cheilion_R': (-0.6, 1.4),
    'cheilion_L': (0.6, 1.4),
    'nasion': (0.0, -0.05),
    'subnasale': (0.0, 0.9),
    'gnathion': (0.0, 2.2),
}
SPELLINGS = [
    ('_rh', '_lh'),
    ('_rig', '_lef'),
    (' prawe', ' lewe'),
    ('_a', '_b'),
    ('_hoejre', '_venstre'),
]
FLIP = dict(type='RandomFlip', prob=0.5)


def faces(sides, count=20, seed=0, extra=None):
    """Names and points (N, K, 2) of tilted faces of several sizes."""
    random = np.random.default_rng(seed)
    shape = SHAPE | (extra or {})
    names = [name.format(*sides) for name in shape]
    mean = np.array(list(shape.values())) @ (1, 1j)
    noise = random.normal(0, 0.03, (count, len(mean), 2)) @ (1, 1j)
    turn = np.exp(1j * random.normal(0, 0.15, (count, 1)))
    size = random.uniform(20, 60, (count, 1))
    points = (mean + noise) * turn * size + 100 + 80j
    return names, np.stack([points.real, points.imag], axis=-1)


def found(names, points, partners=None, stated=()):
    partners = partners or side_partners(names)
    return {frozenset(x) for x in off_midline(points, names, partners, stated)}


def expected(sides):
    bases = 'exo', 'endo', 'philtrum'
    return {frozenset(base + side for side in sides) for base in bases}


@pytest.mark.parametrize('sides', SPELLINGS)
@pytest.mark.parametrize('count', [5, 20])
def test_unknown_spellings_are_found_with_their_partners(sides, count):
    names, points = faces(sides, count)
    assert found(names, points) == expected(sides)


@pytest.mark.parametrize('seed', range(5))
def test_known_and_stated_pairs_and_the_midline_are_silent(seed):
    assert not found(*faces(('_R', '_L'), 6, seed))
    names, points = faces(SPELLINGS[0], 6, seed)
    stated = {name for pair in expected(SPELLINGS[0]) for name in pair}
    assert not found(names, points, stated=stated)


def test_missing_points_and_mirrored_photographs_change_nothing():
    sides = SPELLINGS[0]
    names, points = faces(sides, 40)
    points[np.random.default_rng(1).random(points.shape[:2]) < 0.3] = np.nan
    assert found(names, points) == expected(sides)
    points[:, names.index('exo_rh')] = np.nan
    assert frozenset(['exo_lh']) in found(names, points)


def test_a_lone_landmark_must_lie_clearly_on_one_side():
    beside = faces(('_R', '_L'), extra={'mole': (0.5, 0.6)})
    assert found(*beside) == {frozenset(['mole'])}
    assert not found(*faces(('_R', '_L'), extra={'mole': (0.06, 0.6)}))
    names, points = faces(('_R', '_L'), extra={'mole': (0.5, 0.6)})
    # Now at the right, now at the left: as turned heads have their nose.
    points[::2, -1, 0] -= 2 * (points[::2, -1, 0] - points[::2, -3, 0])
    assert not found(names, points)


def write_set(root, sides):
    names, points = faces(sides, 12)
    content = landmark_content(12, names, size=(200, 260))
    for annotation, face in zip(content['annotations'], points):
        values = np.column_stack([face, np.full(len(face), 2)])
        annotation['keypoints'] = values.ravel().tolist()
    write_landmark_set(root, content)
    return root


def build(root, pipeline, **changes):
    return CIFASDDataset(
        data_root=str(root),
        ann_file='annotations/landmarks.json',
        pipeline=pipeline,
        **changes,
    )


def test_flips_stop_with_a_cure_that_can_be_pasted(tmp_path):
    sides = SPELLINGS[0]
    root = write_set(tmp_path, sides)
    with pytest.raises(InputError) as caught:
        build(root, [FLIP])
    pasted = caught.value.cure.split('dataset.flip_pairs=')[1]
    pairs = json.loads(pasted[: pasted.index(']]') + 2].replace("'", '"'))
    assert {frozenset(pair) for pair in pairs} == expected(sides)
    assert all(name in caught.value.found for name in ('exo_rh', 'exo_lh'))
    dataset = build(root, [FLIP], flip_pairs=pairs)
    assert dataset.metainfo['unsettled_flips'] == []
    # Without flips nothing stops; flip_test is told by the metainfo.
    told = build(root, []).metainfo
    assert {*told['unsettled_flips']} == {n for pair in pairs for n in pair}
    assert {frozenset(p) for p in told['likely_flip_pairs']} == expected(sides)


def test_the_check_of_a_set_reports_the_same(tmp_path):
    root = write_set(tmp_path, SPELLINGS[0])
    report = check(root, ann_file='annotations/landmarks.json')
    findings = [f for f in report.findings if f.check == 'flips']
    names = {name for finding in findings for name in finding.landmarks}
    assert names == {n for pair in expected(SPELLINGS[0]) for n in pair}


@pytest.mark.real_data
def test_real_faces_stop_for_hidden_sides_alone(shared_root):
    folder = shared_root / 'data' / 'frl_faces' / 'annotations'
    sets = {}
    for name in ('landmarks19', 'landmarks189'):
        content = json.loads((folder / f'{name}.json').read_text())
        names = content['categories'][0]['keypoints']
        sets[name] = names, labelled_points(content['annotations'], len(names))
    assert not found(*sets['landmarks19'])
    # These names are of a side, in spellings that no rule pairs; the lone
    # hairline is of one side, too.
    lone = found(*sets['landmarks189'])
    assert frozenset(['hairline']) in lone
    assert all(
        'left' in ' '.join(pair) and 'right' in ' '.join(pair)
        for pair in lone - {frozenset(['hairline'])}
    )
    names, points = sets['landmarks19']
    hidden = [
        f'{n[:-2]}_{"xy"[n[-1] == "L"]}'
        if n[:2] in 'exenph' and n[-2] == '_'
        else n
        for n in names
    ]
    pairs = {frozenset([n, f'{n[:-1]}y']) for n in hidden if n.endswith('_x')}
    random = np.random.default_rng(0)
    for count in (5, 20, 202):
        some = random.choice(len(points), count, replace=False)
        assert pairs and found(hidden, points[some]) == pairs
