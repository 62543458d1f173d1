"""A folder with synthetic faces and tiny systems, and plans for them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml
from mmengine.config import Config
from tool_server import run_tool
from trained_work_dir import training_config

from mmpose_ctd.apis.comparing.plan import read_plan
from mmpose_ctd.apis.comparing.runs import PlanRun, PlanRuns
from mmpose_ctd.datasets.synthetic import make_synthetic_faces

ROOT = Path(__file__).resolve().parents[2]
FACES = 'data/synthetic_faces'
ANNOTATIONS = 'annotations/landmarks19.json'

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


def _config() -> Config:
    """A toy system on the synthetic faces; the environment may move them."""
    root = '{{$CTD_DATA_ROOT:data}}/synthetic_faces/'
    config = training_config('work', root, k=19)
    for name in ('train', 'val', 'test'):
        data = config[f'{name}_dataloader'].dataset
        data.update(ann_file=ANNOTATIONS, num_keypoints=19)
    train = config.train_dataloader
    train.update(batch_size=2, sampler=dict(type='InfiniteSampler'))
    turn = dict(type='RandomBBoxTransform', shift_prob=0.0, rotate_factor=15.0)
    train.dataset.pipeline.insert(2, turn)
    config.optim_wrapper.optimizer.lr = 1e-3
    config.update(
        custom_imports=dict(imports=['mmpose_ctd', 'toy_models']),
        param_scheduler=[
            dict(type='PolyLR', power=0.9, begin=0, end=10, by_epoch=False)
        ],
        custom_hooks=[dict(type='PrivacyHook')],
        log_processor=dict(by_epoch=False),
        log_level='INFO',
    )
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=10)
    config.model.test_cfg = dict(flip_test=False)
    return config


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
    _config().dump(place / 'plain.py')
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
