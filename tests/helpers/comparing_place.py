"""A folder with synthetic faces and tiny systems, and plans for them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml
from tool_server import run_tool

from mmpose_ctd.apis.comparing.plan import read_plan
from mmpose_ctd.apis.comparing.runs import PlanRun, PlanRuns
from mmpose_ctd.datasets.synthetic import make_synthetic_faces

ROOT = Path(__file__).resolve().parents[2]
FACES = 'data/synthetic_faces'
ANNOTATIONS = 'annotations/landmarks19.json'

_CONFIG = """\
custom_imports = dict(
    imports=['mmpose_ctd', 'toy_models'], allow_failed_imports=False
)
default_scope = 'mmpose'
side = 32
codec = dict(
    type='UDPHeatmap',
    input_size=(side, side),
    heatmap_size=(side // 4, side // 4),
    sigma=1,
)
pipeline = [
    dict(type='LoadLandmarkImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='RandomBBoxTransform', shift_prob=0.0, rotate_factor=15.0),
    dict(type='TopdownAffine', input_size=codec['input_size'], use_udp=True),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackLandmarkInputs'),
]
dataset = dict(
    type='CIFASDDataset',
    data_root='{{$CTD_DATA_ROOT:data}}/synthetic_faces/',
    ann_file='annotations/landmarks19.json',
    num_keypoints=19,
)
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(dataset, split='splits/none.txt', pipeline=pipeline),
)
test_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        dataset,
        split='splits/none.txt',
        pipeline=pipeline[:2] + pipeline[3:4] + pipeline[5:],
        test_mode=True,
    ),
)
test_evaluator = dict(type='LandmarkErrorMetric')
val_dataloader, val_evaluator = test_dataloader, test_evaluator
train_cfg = dict(type='IterBasedTrainLoop', max_iters=10, val_interval=5)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [
    dict(type='PolyLR', power=0.9, begin=0, end=10, by_epoch=False)
]
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=1),
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=5),
)
custom_hooks = [dict(type='PrivacyHook')]
log_processor = dict(by_epoch=False)
randomness = dict(seed=0)
model = dict(
    type='CTDTopdownPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[127.5] * 3,
        std=[128.0] * 3,
        bgr_to_rgb=True,
    ),
    backbone=dict(type='ToyEncoder'),
    head=dict(
        type='HeatmapHead',
        in_channels=8,
        out_channels=19,
        deconv_out_channels=None,
        loss=dict(type='HeatmapFrobeniusLoss'),
        decoder=codec,
    ),
    test_cfg=dict(flip_test=False),
)
"""
_OTHER = """\
_base_ = './plain.py'
custom_hooks = [
    dict(type='PrivacyHook'), dict(type='EMAHook', momentum=0.5)
]
"""
_HELD = """\
_base_ = './plain.py'
custom_imports = dict(
    imports=['mmpose_ctd', 'toy_models', 'holding_hook'],
    allow_failed_imports=False,
)
custom_hooks = [dict(type='PrivacyHook'), dict(type='HoldingHook')]
"""
#: A plan of two systems; tests change it.
PLAN = dict(
    baseline='plain',
    work_dir='work',
    train_split='splits/train_n{budget:03d}_seed{seed}.txt',
    pool='splits/pool.txt',
    test_split='splits/test.txt',
    steps=4,
    checkpoint_every=2,
    systems=dict(plain='plain.py', averaged='averaged.py'),
    studies=dict(main=dict(budgets=[4, 6], seeds=[0])),
)


LR = 'optim_wrapper.optimizer.lr'
#: A search for it.
SEARCH = dict(
    budget=4,
    seeds=[0, 1],
    pool='splits/pool.txt',
    subjects=3,
    common={LR: [1e-3, 1e-2]},
    systems={'averaged': {'train_dataloader.batch_size': [1, 2]}},
)


def make_place(place: Path, subjects: int = 24) -> Path:
    """Make the folder: 8 test subjects, 16 who may train."""
    faces = make_synthetic_faces(place / FACES, subjects, size=48)
    images = json.loads((faces / ANNOTATIONS).read_text())['images']
    names = sorted({image['subject'] for image in images})
    test, pool = names[::3], [n for i, n in enumerate(names) if i % 3]
    splits = {'test': test, 'pool': pool}
    for seed in (0, 1):
        order = np.random.default_rng(seed).permutation(pool)
        for budget in (4, 6):
            splits[f'train_n{budget:03d}_seed{seed}'] = order[:budget]
    for name, lines in splits.items():
        (faces / 'splits' / f'{name}.txt').write_text('\n'.join(lines))
    (place / 'plain.py').write_text(_CONFIG)
    (place / 'averaged.py').write_text(_OTHER)
    (place / 'held.py').write_text(_HELD)
    return place


def write_plan(place: Path, name: str = 'plan', **changes) -> Path:
    """Write PLAN, changed; a change to None removes a key."""
    content = {k: v for k, v in (PLAN | changes).items() if v is not None}
    path = place / f'{name}.yaml'
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def runs_of(place: Path, **changes) -> PlanRuns:
    """The runs of a changed PLAN; the current folder is the place."""
    return PlanRuns(read_plan(write_plan(place, **changes)))


def study(**changes) -> dict:
    """PLAN's study, changed, as a change of PLAN."""
    return dict(studies=dict(main=dict(PLAN['studies']['main'], **changes)))


def finals_of(runs: PlanRuns) -> list[PlanRun]:
    """The runs of all studies, as without a search."""
    return [run for name in runs.plan.studies
            for _, run in runs.finals(name, {})]  # fmt: skip


def surroundings(**variables: str) -> dict[str, str]:
    """Environment of the tools, in which the toy models are found."""
    path = os.pathsep.join([str(ROOT), str(ROOT / 'tests' / 'helpers')])
    return dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1') | variables


def command(*arguments) -> list[str]:
    """The command line of mmpose_ctd compare."""
    tool = ROOT / 'tools' / 'analysis_tools' / 'compare.py'
    return [sys.executable, str(tool), *map(str, arguments)]


def compare(place: Path, *arguments) -> subprocess.CompletedProcess:
    """Run mmpose_ctd compare in the place."""
    return run_tool('compare.py', *arguments, cwd=place, timeout=1200)


def alive(process: int) -> bool:
    """Whether a process runs; one that nobody has asked after does not."""
    try:
        state = Path(f'/proc/{process}/stat').read_text().rsplit(')', 1)[1]
    except OSError:
        return False
    return state.split()[0] != 'Z'
