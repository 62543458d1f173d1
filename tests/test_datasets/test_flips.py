"""Mirrored images are refused while partners of landmarks are unknown."""

import json

import numpy as np
import pytest
from landmark_set import build_set, landmark_content, write_landmark_set
from mmcv.transforms import RandomApply, RandomChoice
from mmengine.runner import Runner
from mmpose.datasets.transforms import RandomFlip
from refusals import refused
from toy_models import PIPELINE, K, model_config, runner_config

from mmpose_ctd.apis.terse_runner import TerseRunner
from mmpose_ctd.datasets.checking import check
from mmpose_ctd.datasets.flips import may_flip, off_midline
from mmpose_ctd.datasets.landmark_file import LandmarkFile
from mmpose_ctd.errors import InputError
from mmpose_ctd.landmark_sides import side_partners

RIGHT = ['exocanthion_r', 'endocanthion_r', 'subnasale']
MIXED = ['exocanthion_r', 'exocanthion_l', 'cheilion_r', 'subnasale']
FLIP = dict(type='RandomFlip', prob=0.5)


def read(root, *pipeline, **changes):
    return build_set(root, pipeline=list(pipeline), **changes)


@pytest.mark.parametrize('names', [RIGHT, MIXED])
def test_flips_are_refused_until_the_config_states_partners(tmp_path, names):
    write_landmark_set(tmp_path, landmark_content(2, names=names))
    with pytest.raises(InputError) as caught:
        read(tmp_path, FLIP)
    assert caught.value.where.endswith('landmarks.json')
    unsettled = ['cheilion_r'] if names == MIXED else names
    assert all(name in caught.value.found for name in unsettled)
    for cure in ('flip_pairs', 'one_sided', 'RandomFlip'):
        assert cure in caught.value.cure
    assert read(tmp_path).metainfo['unsettled_flips'] == unsettled
    stated = read(tmp_path, FLIP, flip_pairs=[(n, n) for n in unsettled])
    assert stated.metainfo['unsettled_flips'] == []
    if names != MIXED:
        read(tmp_path, FLIP, one_sided=True)
        return
    with refused('dataset.one_sided', found='exocanthion_r and exocanthion_l'):
        read(tmp_path, one_sided=True)


FLIPPING = [
    FLIP,
    dict(type=RandomFlip, prob=1.0),
    RandomFlip(prob=0.5),
    dict(type='RandomFlip', prob=[0.0, 0.2], direction=['vertical'] * 2),
    dict(type='RandomApply', transforms=[FLIP]),
    RandomApply([dict(type='mmpose.RandomFlip')]),
    RandomChoice([[dict(type='mmpose.RandomFlip', prob=1.0)]]),
    dict(type='TestTimeAug', transforms=[[dict(type='X'), FLIP]]),
    dict(type='Albumentation', transforms=[dict(type='HorizontalFlip', p=1)]),
    dict(type='MultiScaleFlipAug', flip=True),
]
STILL = [
    dict(type='RandomFlip', prob=0.0),
    dict(type='RandomApply', transforms=[FLIP], prob=0.0),
    dict(type='RandomApply', transforms=[dict(type='RandomFlip', prob=0.0)]),
    dict(type='Albumentation', transforms=[dict(type='HorizontalFlip', p=0)]),
    dict(type='MultiScaleFlipAug', flip=False),
    dict(type='LoadImage'),
]


@pytest.mark.parametrize(
    'step, flips',
    [*((one, True) for one in FLIPPING), *((one, False) for one in STILL)],
)
def test_a_step_that_flips_is_found(step, flips):
    assert may_flip([dict(type='LoadImage'), step]) == flips


# ------------------------------------------------- where the model flips

LONE = ['eye_R', 'eye_L', *(f'midline{"i" * i}' for i in range(K - 3)), 'c_R']


def flip_testing(root, runner=Runner, hook=True, **dataset):
    """A run that averages mirrored images in its validation."""
    write_landmark_set(root, landmark_content(2, names=LONE))
    data = dict(
        type='CIFASDDataset',
        data_root=str(root),
        ann_file='annotations/landmarks.json',
        pipeline=PIPELINE,
        **dataset,
    )
    model = model_config(teacher=None, test_cfg=dict(flip_test=True))
    cfg = runner_config(root / 'work', model, epochs=1)
    cfg.experiment_name = f'flips_{root.name}_{len(dataset)}'
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset = data
    if hook:
        cfg.custom_hooks = [dict(type='FlipCheckHook')]
    return runner.from_cfg(cfg)


@pytest.mark.parametrize(
    'runner, hook', [(Runner, True), (TerseRunner, False)]
)
def test_a_flip_test_stops_before_the_first_step(tmp_path, runner, hook):
    run = flip_testing(tmp_path, runner, hook)
    with refused(found=['flip_test', 'c_R']):
        run.train()
    assert run.iter == 0 and not [*(tmp_path / 'work').glob('*.pth')]


def test_a_flipping_pipeline_around_a_dataset_is_found(tmp_path):
    run = flip_testing(tmp_path)
    inner = dict(run.cfg.train_dataloader.dataset, pipeline=[])
    run.cfg.model.test_cfg = {}
    run.cfg.experiment_name = 'flips_around'
    run.cfg.train_dataloader.dataset = dict(
        type='CombinedDataset',
        metainfo=dict(from_file='configs/_base_/datasets/coco.py'),
        datasets=[inner],
        pipeline=[*PIPELINE[:2], FLIP, *PIPELINE[2:]],
    )
    with refused(found='RandomFlip'):
        Runner.from_cfg(run.cfg).train()


# ------------------------------------------- sides by where landmarks lie

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
HIDDEN = ('_rh', '_lh')
KNOWN = ('_R', '_L')


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


def found(names, points, stated=()):
    partners = side_partners(names)
    return {frozenset(x) for x in off_midline(points, names, partners, stated)}


def expected(sides):
    bases = 'exo', 'endo', 'philtrum'
    return {frozenset(base + side for side in sides) for base in bases}


@pytest.mark.parametrize(
    'sides',
    [HIDDEN, (' prawe', ' lewe')],
)
@pytest.mark.parametrize('count', [5, 20])
def test_unknown_spellings_are_found_with_their_partners(sides, count):
    names, points = faces(sides, count)
    assert found(names, points) == expected(sides)
    stated = {name for pair in expected(sides) for name in pair}
    assert not found(names, points, stated)
    if count == 20:
        missing = np.random.default_rng(1).random(points.shape[:2]) < 0.2
        points[missing] = np.nan
        assert found(names, points) == expected(sides)


def test_known_pairs_and_the_midline_are_silent():
    assert not found(*faces(KNOWN, 6))


def test_a_lone_landmark_must_lie_clearly_on_one_side():
    names, points = faces(KNOWN, extra={'mole': (0.5, 0.6)})
    assert found(names, points) == {frozenset(['mole'])}
    assert not found(*faces(KNOWN, extra={'mole': (0.06, 0.6)}))
    # Now at the right, now at the left, as the nose of turned heads.
    points[::2, -1, 0] -= 2 * (points[::2, -1, 0] - points[::2, -3, 0])
    assert not found(names, points)


def test_flips_stop_with_pairs_that_can_be_pasted(tmp_path):
    names, points = faces(HIDDEN, 12)
    content = landmark_content(12, names, size=(200, 260))
    for annotation, face in zip(content['annotations'], points):
        values = np.column_stack([face, np.full(len(face), 2)])
        annotation['keypoints'] = values.ravel().tolist()
    write_landmark_set(tmp_path, content)
    with pytest.raises(InputError) as caught:
        read(tmp_path, FLIP)
    pasted = caught.value.cure.split('dataset.flip_pairs=')[1]
    pairs = json.loads(pasted[: pasted.index(']]') + 2].replace("'", '"'))
    assert {frozenset(pair) for pair in pairs} == expected(HIDDEN)
    assert all(name in caught.value.found for name in ('exo_rh', 'exo_lh'))
    dataset = read(tmp_path, FLIP, flip_pairs=pairs)
    assert dataset.metainfo['unsettled_flips'] == []
    # Without flips nothing stops; the metainfo warns a flip_test.
    meta = read(tmp_path).metainfo
    names = {name for pair in pairs for name in pair}
    assert {*meta['unsettled_flips']} == names
    likely = {frozenset(pair) for pair in meta['likely_flip_pairs']}
    assert likely == expected(HIDDEN)
    # The check of a set reports these names, too.
    report = check(tmp_path, ann_file='annotations/landmarks.json')
    findings = [f for f in report.findings if f.check == 'flips']
    assert {name for one in findings for name in one.landmarks} == names


@pytest.mark.real_data
def test_real_faces_stop_for_hidden_sides_alone(shared_root):
    folder = shared_root / 'data' / 'frl_faces' / 'annotations'
    sets = {}
    for name in ('landmarks19', 'landmarks189'):
        file = LandmarkFile.read(str(folder / f'{name}.json'))
        points = np.array([*map(file.points, file.annotations)])
        sets[name] = file.names, points
    assert not found(*sets['landmarks19'])
    # Sides in spellings that no rule pairs, and a hairline without sides.
    lone = found(*sets['landmarks189'])
    hair = {pair for pair in lone if all('hairline' in name for name in pair)}
    assert hair
    for pair in lone - hair:
        assert 'left' in ' '.join(pair) and 'right' in ' '.join(pair)
