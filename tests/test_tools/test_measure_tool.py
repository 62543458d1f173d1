"""mmpose_ctd calibrate and mmpose_ctd measure as a user types them.

A small network learns synthetic faces first: its errors are large, which is
what has to be told.
"""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from tool_server import run_tool, tool_file
from toy_models import PREPROCESSOR

from mmpose_ctd.datasets.synthetic import make_synthetic_faces

ROOT = Path(__file__).resolve().parents[2]
SIDE = 64
CODEC = dict(
    type='UDPHeatmap',
    input_size=(SIDE, SIDE),
    heatmap_size=(SIDE // 4, SIDE // 4),
    sigma=1,
)
STEPS = [
    dict(type='LoadLandmarkImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='TopdownAffine', input_size=(SIDE, SIDE), use_udp=True),
    dict(type='PackLandmarkInputs'),
]


def config(root, head=None):
    """Of a toy network on the synthetic faces at ``root``."""

    def loader(split, pipeline):
        return dict(
            batch_size=8,
            num_workers=0,
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dict(
                type='CIFASDDataset',
                data_root=str(root),
                ann_file='annotations/landmarks.json',
                split=f'splits/{split}.txt',
                pipeline=pipeline,
            ),
        )

    target = dict(type='GenerateTarget', encoder=CODEC)
    return dict(
        custom_imports=dict(imports=['mmpose_ctd', 'toy_models']),
        default_scope='mmpose',
        model=dict(
            type='CTDTopdownPoseEstimator',
            data_preprocessor=PREPROCESSOR,
            backbone=dict(type='ToyEncoder', channels=(16, 32)),
            # Nobody has this file, and nobody needs it to measure.
            teacher=dict(type='SourceModel', checkpoint='absent.pth'),
            head=head
            or dict(
                type='HeatmapHead',
                in_channels=32,
                out_channels=19,
                deconv_out_channels=None,
                conv_out_channels=(32,),
                conv_kernel_sizes=(7,),
                loss=dict(type='HeatmapFrobeniusLoss'),
                decoder=CODEC,
            ),
        ),
        train_dataloader=loader('train', [*STEPS[:3], target, STEPS[3]]),
        val_dataloader=loader('test', STEPS),
        test_dataloader=loader('test', STEPS),
        val_evaluator=dict(type='LandmarkErrorMetric'),
        test_evaluator=dict(type='LandmarkErrorMetric'),
        val_cfg=dict(),
        test_cfg=dict(),
    )


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """Faces, a config, a checkpoint and a calibration."""
    place = tmp_path_factory.mktemp('place')
    faces = make_synthetic_faces(place / 'data', 44, size=96)
    ann = next((faces / 'annotations').glob('*.json'))
    ann.rename(faces / 'annotations' / 'landmarks.json')
    content = json.loads((faces / 'annotations/landmarks.json').read_text())
    subjects = [image['subject'] for image in content['images']]
    subjects = list(dict.fromkeys(subjects))
    for name, part in (('train', slice(0, 20)), ('test', slice(20, 26))):
        text = '\n'.join(subjects[part]) + '\n'
        (faces / 'splits' / f'{name}.txt').write_text(text)
    cfg = Config(config(faces))
    cfg.dump(place / 'config.py')
    training = cfg.copy()
    training.model.teacher = None
    runner = Runner(
        model=training.model,
        work_dir=str(place / 'run'),
        train_dataloader=training.train_dataloader,
        train_cfg=dict(by_epoch=True, max_epochs=40),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=3e-3)),
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=40)
        ),
        randomness=dict(seed=0),
        log_level='ERROR',
        default_scope='mmpose',
        experiment_name='toy_measure',
    )
    runner.train()
    (place / 'run' / 'epoch_40.pth').rename(place / 'model.pth')
    images = place / 'images'
    shutil.copytree(faces / 'images', images)
    (images / 'broken.jpg').write_bytes(b'no image')
    (images / 'notes.txt').write_text('x')
    return place


def call(place, tool, *arguments, wait=True):
    path = os.pathsep.join([str(ROOT), str(ROOT / 'tests' / 'helpers')])
    if wait:
        return run_tool(tool, *arguments, cwd=place, PYTHONPATH=path)
    return subprocess.Popen(
        [sys.executable, str(tool_file(tool)), *map(str, arguments)],
        cwd=place,
        env=dict(os.environ, OMP_NUM_THREADS='1', PYTHONPATH=path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


MODEL = ('config.py', 'model.pth')


@pytest.fixture(scope='module')
def calibrated(place):
    done = call(
        place, 'calibrate.py', *MODEL, '--out', 'out/cal.json', '--test'
    )
    assert done.returncode == 0, done.stderr
    return done


def measure(place, out, *more, calibration='out/cal.json', **options):
    known = ('--calibration', calibration) if calibration else ()
    return call(
        place, 'measure.py', *MODEL, 'images', '--out', out, *known, *more,
        **options,
    )  # fmt: skip


def rows_of(path):
    with open(path, encoding='utf-8-sig', newline='') as file:
        return {row['file']: row for row in csv.DictReader(file)}


@pytest.mark.slow
def test_calibrating_tells_what_it_is_worth(place, calibrated):
    assert 'Truth inside of its interval, landmarks' in calibrated.stdout
    assert 'Flagged as unlike the training faces, test' in calibrated.stdout
    content = json.loads((place / 'out/cal.json').read_text())
    about = content['about']
    assert about['training_faces'] >= 20
    assert about['validation_subjects'] == 18
    shares = about['left_out']['coverage']['landmarks']
    assert [share['expected'] for share in shares] == [0.5, 0.8, 0.95]
    # 18 subjects left out of their fits, 19 landmarks each.
    for share in shares:
        assert share['observed'] == pytest.approx(share['expected'], abs=0.12)
    for name in ('cal.png', 'cal_test.png'):
        assert cv2.imread(str(place / 'out' / name)).shape[1] > 1000


@pytest.mark.slow
def test_a_calibration_names_nobody(place, calibrated):
    text = (place / 'out/cal.json').read_text()
    annotations = place / 'data/annotations/landmarks.json'
    for image in json.loads(annotations.read_text())['images']:
        assert image['subject'] not in text
        assert image['file_name'] not in text
    assert str(place) not in text


@pytest.mark.slow
def test_measuring_a_folder(place, calibrated):
    table = place / 'table.csv'
    names = sorted(p.name for p in (place / 'data/images').iterdir())
    table.write_text(
        'file,age,sex,mm_per_px\n'
        + ''.join(f'{name},{3 + i},f,2.5\n' for i, name in enumerate(names))
    )
    (place / 'norms.csv').write_text(
        'measure,sex,age_min,age_max,unit,mean,sd\n'
        'mouth_width,f,0,10,mm,20,2\n'
    )
    done = measure(
        place,
        'out/full.csv',
        '--table', 'table.csv', '--norms', 'norms.csv',
        '--overlays', 'out/pictures', '--json', 'out/full.json', '--excel',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '1 other files' in done.stdout
    assert (place / 'out/full.csv').read_bytes().startswith(b'\xef\xbb\xbf')
    rows = rows_of(place / 'out/full.csv')
    assert set(rows) == {*names, 'broken.jpg'}
    assert rows['broken.jpg']['status'] == 'unreadable'
    measured = [r for r in rows.values() if r['status'] == 'measured']
    assert len(measured) > len(names) / 2
    for row in measured:
        low, value, high = (
            float(row[f'mouth_width_mm{end}'])
            for end in ('_low95', '', '_high95')
        )
        assert low < value < high
        if float(row['mouth_width_px']) and row['mouth_width_z']:
            z = (value - 20) / 2
            assert float(row['mouth_width_z']) == pytest.approx(z, abs=0.01)
    old = rows[names[20]]
    assert old['mouth_width_z'] == '' and 'age outside' in old['remarks']
    content = json.loads((place / 'out/full.json').read_text())
    assert [r['file'] for r in content] == list(rows)
    assert content[0]['width_px'] is None  # the broken one
    assert content[1]['width_px'] == 96
    about = json.loads((place / 'out/full.about.json').read_text())
    assert list(about['columns']) == list(next(iter(rows.values())))
    drawn = list((place / 'out/pictures').iterdir())
    assert len(drawn) == sum(
        r['status'] in ('measured', 'check') for r in rows.values()
    )
    told = (place / 'out/full.csv').read_text(encoding='utf-8-sig')
    assert str(place) not in told + json.dumps(about)


@pytest.mark.slow
def test_truth_lies_in_the_intervals_of_faces_never_seen(place, calibrated):
    """From the folder to the true landmarks, through both tools."""
    if not (place / 'out/plain.csv').exists():
        assert measure(place, 'out/plain.csv').returncode == 0
    rows = rows_of(place / 'out/plain.csv')
    content = json.loads(
        (place / 'data/annotations/landmarks.json').read_text()
    )
    seen = (place / 'data/splits/train.txt').read_text().split()
    of = {a['image_id']: a['keypoints'] for a in content['annotations']}
    k = content['categories'][0]['keypoints'].index('subnasale')
    ratios = []
    for image in content['images']:
        row = rows[image['file_name']]
        if image['subject'] in seen or row['status'] != 'measured':
            continue
        x, y = of[image['id']][3 * k : 3 * k + 2]
        found = [float(row[f'subnasale_{axis}_px']) for axis in 'xy']
        error = np.hypot(found[0] - x, found[1] - y)
        ratios.append(error / float(row['subnasale_sd_px']))
    assert len(ratios) >= 10
    # Rayleigh: 99.97 % lie within four SDs; the median is 1.18.
    assert 0.4 < np.median(ratios) < 2.5


@pytest.mark.slow
def test_without_calibration_landmarks_are_the_same(place, calibrated):
    if not (place / 'out/plain.csv').exists():
        assert measure(place, 'out/plain.csv').returncode == 0
    done = measure(place, 'out/uncalibrated.csv', calibration=None)
    assert done.returncode == 0, done.stderr
    assert 'warning: without --calibration' in done.stderr
    rows, known = (
        rows_of(place / 'out' / name)
        for name in ('uncalibrated.csv', 'plain.csv')
    )
    measured = [n for n, r in rows.items() if r['status'] == 'uncalibrated']
    assert len(measured) > 20
    for name in measured:
        for axis in 'xy':
            title = f'subnasale_{axis}_px'
            assert rows[name][title] == known[name][title]
        assert 'mouth_width_px_low95' not in rows[name]


@pytest.mark.slow
def test_a_killed_run_goes_on(place, calibrated):
    if not (place / 'out/plain.csv').exists():
        assert measure(place, 'out/plain.csv').returncode == 0
    process = measure(place, 'out/killed.csv', '--batch-size', 1, wait=False)
    part = place / 'out/killed.csv.part'
    deadline = time.time() + 120
    while time.time() < deadline:
        if part.exists() and part.read_bytes().count(b'\n') > 3:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    there = part.read_bytes().count(b'\n')
    assert 3 < there < 40, 'killed too late to show anything'
    assert not (place / 'out/killed.csv').exists()
    done = measure(place, 'out/killed.csv')
    assert done.returncode == 2 and '--resume' in done.stderr
    done = measure(place, 'out/killed.csv', '--resume', '--framing', 'face')
    assert done.returncode == 2 and 'another framing' in done.stderr
    done = measure(place, 'out/killed.csv', '--resume')
    assert done.returncode == 0, done.stderr
    assert not part.exists()
    killed, plain = (
        rows_of(place / 'out' / name) for name in ('killed.csv', 'plain.csv')
    )
    assert list(killed) == list(plain)
    for name, row in plain.items():
        # A batch of another size rounds otherwise.
        if row['status'] == 'measured':
            assert float(killed[name]['subnasale_x_px']) == pytest.approx(
                float(row['subnasale_x_px']), abs=0.02
            )


@pytest.mark.slow
@pytest.mark.parametrize(
    ('tool', 'arguments', 'told'),
    [
        ('measure.py', (*MODEL, 'none', '--out', 'x.csv'), 'is no folder'),
        (
            'measure.py',
            (
                *(*MODEL, 'images', '--out', 'x.csv', '--cfg-options'),
                'train_dataloader.dataset.data_root=moved',
            ),
            '--calibration: not given',
        ),
        (
            'calibrate.py',
            (*MODEL, '--out', 'x.json', '--split', 'splits/train.txt'),
            'are in the training split',
        ),
        (
            'calibrate.py',
            (
                *(*MODEL, '--out', 'x.json', '--test'),
                *('--split', 'splits/test.txt'),
            ),
            'who calibrate are in the test split',
        ),
        ('calibrate.py', ('regression.py', 'model.pth'), 'no heat-maps'),
    ],
)
def test_mistakes_are_told_in_one_line(place, tool, arguments, told):
    if 'regression.py' in arguments:
        head = dict(
            type='RegressionHead',
            in_channels=32,
            num_joints=19,
            decoder=dict(type='RegressionLabel', input_size=(SIDE, SIDE)),
        )
        cfg = Config(config(place / 'data', head))
        cfg.model.neck = dict(type='GlobalAveragePooling')
        cfg.dump(place / 'regression.py')
        shutil.copy(_untrained(cfg, place), place / 'regression.pth')
        arguments = 'regression.py', 'regression.pth', '--out', 'x.json'
    done = call(place, tool, *arguments)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    last = [line for line in done.stderr.splitlines() if line][-1]
    assert last.startswith('error: ')
    assert not (place / 'x.csv').exists()


def _untrained(cfg, place):
    import torch
    from mmpose.registry import MODELS

    model = MODELS.build(dict(cfg.model, teacher=None))
    path = place / 'untrained.pth'
    torch.save(dict(state_dict=model.state_dict(), meta={}), path)
    return path
