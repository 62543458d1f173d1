"""Calibrating and measuring, from a trained network to the table.

A small network learns synthetic faces first. Its errors are large.
"""

import copy
import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.registry import MODELS
from refusals import refused
from tool_server import run_tool
from trained_work_dir import training_config

from mmpose_ctd.apis.measuring.calibrating import calibrate
from mmpose_ctd.apis.measuring.landmark_model import LandmarkModel
from mmpose_ctd.apis.measuring.photographs import measure
from mmpose_ctd.datasets.landmark_file import read_split

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / 'tests' / 'data'
SIDE = 64
HEAD = dict(
    type='HeatmapHead',
    in_channels=32,
    out_channels=19,
    deconv_out_channels=None,
    conv_out_channels=(32,),
    conv_kernel_sizes=(7,),
    loss=dict(type='HeatmapFrobeniusLoss'),
    decoder=dict(
        type='UDPHeatmap',
        input_size=(SIDE, SIDE),
        heatmap_size=(SIDE // 4, SIDE // 4),
        sigma=1,
    ),
)


def config(root, head=HEAD):
    """Of a toy network on the synthetic faces at ``root``."""
    cfg = training_config(root.parent / 'run', root, head=head, k=19)
    cfg.custom_imports.imports = ['mmpose_ctd', 'toy_models']
    cfg.model.backbone.channels = (16, 32)
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.train_dataloader.batch_size = 8
    cfg.train_dataloader.sampler.shuffle = True
    cfg.train_cfg.max_epochs = 24
    cfg.optim_wrapper.optimizer.lr = 3e-3
    return cfg


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """Faces, a config and a checkpoint."""
    place = tmp_path_factory.mktemp('place')
    # 44 faces: 15 train, 9 test, 20 calibrate.
    faces = shutil.copytree(DATA / 'version_0_1' / 'set', place / 'data')
    cfg = config(faces)
    cfg.dump(place / 'config.py')
    Runner.from_cfg(copy.deepcopy(cfg)).train()
    (place / 'run' / 'epoch_24.pth').rename(place / 'model.pth')
    images = place / 'images'
    shutil.copytree(faces / 'images', images)
    (images / 'broken.jpg').write_bytes(b'no image')
    (images / 'notes.txt').write_text('x')
    return place


MODEL = ('config.py', 'model.pth')


def run(place, tool, *arguments):
    return run_tool(tool, *MODEL, *arguments, cwd=place)


@pytest.fixture(scope='module')
def calibrated(place):
    done = run(place, 'calibrate.py', '--out', 'out/cal.json', '--test')
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope='module')
def model(place):
    return LandmarkModel(*(str(place / name) for name in MODEL), 'cpu')


@pytest.fixture(scope='module')
def names(place):
    return sorted(p.name for p in (place / 'data/images').iterdir())


@pytest.fixture(scope='module')
def table(place, calibrated, names):
    """A table with all options, as out/full.csv."""
    (place / 'table.csv').write_text(
        'file,age,sex,mm_per_px\n'
        + ''.join(f'{name},{3 + i},f,3.75\n' for i, name in enumerate(names))
    )
    (place / 'norms.csv').write_text(
        'measure,sex,age_min,age_max,unit,mean,sd\n'
        'mouth_width,f,0,10,mm,20,2\n'
    )
    done = run(
        place, 'measure.py', 'images', '--calibration', 'out/cal.json',
        '--out', 'out/full.csv', '--table', 'table.csv',
        '--norms', 'norms.csv', '--overlays', 'out/pictures',
        '--json', 'out/full.json', '--excel',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '1 other files' in done.stdout
    return rows_of(place / 'out/full.csv')


def rows_of(path):
    with open(path, encoding='utf-8-sig', newline='') as file:
        return {row['file']: row for row in csv.DictReader(file)}


def test_calibrating_says_what_it_is_worth_and_names_nobody(place, calibrated):
    assert 'Truth inside of its interval, landmarks' in calibrated.stdout
    assert 'Flagged as unlike the training faces, test' in calibrated.stdout
    text = (place / 'out/cal.json').read_text()
    about = json.loads(text)['about']
    assert about['training_faces'] == 15
    assert about['validation_subjects'] == 20
    shares = about['left_out']['coverage']['landmarks']
    assert [share['expected'] for share in shares] == [0.5, 0.8, 0.95]
    # 20 subjects left out of their fits, 19 landmarks each.
    for share in shares:
        assert share['observed'] == pytest.approx(share['expected'], abs=0.15)
    for name in ('cal.png', 'cal_test.png'):
        assert cv2.imread(str(place / 'out' / name)).shape[1] > 1000
    annotations = place / 'data/annotations/landmarks.json'
    for image in json.loads(annotations.read_text())['images']:
        assert image['subject'] not in text
        assert image['file_name'] not in text
    assert str(place) not in text


def test_prelabelled_photographs_are_as_measured(place, table, names):
    done = run(
        place, 'prelabel.py', 'images', '--format', 'csv',
        '--calibration', 'out/cal.json', '--most', '9', '--out', 'batch',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 'mmpose_ctd prepare images batch/points --out' in done.stdout
    order = rows_of(place / 'batch/order.csv')
    assert {*order} == {*table}
    assert order['broken.jpg']['status'] == 'unreadable'
    with open(place / 'batch/points/points.csv', newline='') as file:
        points = [*csv.DictReader(file)]
    assert [*dict.fromkeys(row['image'] for row in points)] == [*order][:9]
    for row in points:
        for axis in 'xy':
            measured = table[row['image']][f'{row["landmark"]}_{axis}_px']
            # Points outside are moved to the border.
            expected = np.clip(float(measured), 0.5, 62.5)
            assert float(row[axis]) == pytest.approx(expected, abs=0.01)


def test_measuring_a_folder(place, table, names):
    assert (place / 'out/full.csv').read_bytes().startswith(b'\xef\xbb\xbf')
    assert set(table) == {*names, 'broken.jpg'}
    assert table['broken.jpg']['status'] == 'unreadable'
    measured = [r for r in table.values() if r['status'] == 'measured']
    assert len(measured) > len(names) / 2
    for row in measured:
        low, value, high = (
            float(row[f'mouth_width_mm{end}'])
            for end in ('_low95', '', '_high95')
        )
        assert low < value < high
        if row['mouth_width_z']:
            z = (value - 20) / 2
            assert float(row['mouth_width_z']) == pytest.approx(z, abs=0.01)
    assert any(row['mouth_width_z'] for row in measured)
    content = json.loads((place / 'out/full.json').read_text())
    assert [r['file'] for r in content] == list(table)
    assert content[0]['width_px'] == 64
    assert content[-1]['width_px'] is None  # the broken one
    about = json.loads((place / 'out/full.about.json').read_text())
    assert list(about['columns']) == list(next(iter(table.values())))
    drawn = list((place / 'out/pictures').iterdir())
    assert len(drawn) == sum(
        r['status'] in ('measured', 'check') for r in table.values()
    )
    text = (place / 'out/full.csv').read_text(encoding='utf-8-sig')
    assert str(place) not in text + json.dumps(about)


def test_truth_lies_in_the_intervals_of_faces_never_seen(place, table):
    """From the folder to the true landmarks, through both tools."""
    content = json.loads(
        (place / 'data/annotations/landmarks.json').read_text()
    )
    seen = (place / 'data/splits/train.txt').read_text().split()
    of = {a['image_id']: a['keypoints'] for a in content['annotations']}
    k = content['categories'][0]['keypoints'].index('subnasale')
    ratios = []
    for image in content['images']:
        row = table[image['file_name']]
        if image['subject'] in seen or row['status'] != 'measured':
            continue
        x, y = of[image['id']][3 * k : 3 * k + 2]
        found = [float(row[f'subnasale_{axis}_px']) for axis in 'xy']
        error = np.hypot(found[0] - x, found[1] - y)
        ratios.append(error / float(row['subnasale_sd_px']))
    assert len(ratios) >= 10
    # Rayleigh: 99.97 % lie within four SDs; the median is 1.18.
    assert 0.4 < np.median(ratios) < 2.5


def test_without_calibration_landmarks_are_the_same(
    place, table, model, capsys, monkeypatch
):
    rows = {r['file']: r for r in measure(model, str(place / 'images'))}
    assert 'warning: without --calibration' in capsys.readouterr().err
    measured = [n for n, r in rows.items() if r['status'] == 'uncalibrated']
    assert len(measured) > 20
    for name in measured:
        for title in ('subnasale_x_px', 'subnasale_y_px'):
            assert f'{rows[name][title]:.2f}' == table[name][title]
        assert 'mouth_width_px_low95' not in rows[name]
    dataset = model.cfg.train_dataloader.dataset
    monkeypatch.setitem(dataset, 'data_root', 'moved')
    with refused('--calibration'):
        measure(model, str(place / 'images'))


@pytest.mark.parametrize(
    ('split', 'test', 'where'),
    [
        ('splits/train.txt', False, '--split splits/train.txt'),
        ('splits/test.txt', True, '--test'),
        ('few.txt', False, 'mmpose_ctd calibrate'),
    ],
)
def test_people_who_must_not_calibrate(place, split, test, where):
    subjects = read_split(str(place / 'data/splits/test.txt'))
    (place / 'data/few.txt').write_text('\n'.join(subjects[:3]))
    config, checkpoint = (str(place / name) for name in MODEL)
    with refused(where):
        calibrate(config, checkpoint, split=split, test=test, device='cpu')


def test_who_trains_without_labels_does_not_calibrate(place):
    config, checkpoint = (str(place / name) for name in MODEL)
    cfg = Config.fromfile(config)
    dataset = cfg.train_dataloader.dataset
    dataset.type = 'PartlyLabelledDataset'
    dataset.unlabelled = dict(
        ann_file=dataset.ann_file, exclude=['splits/test.txt']
    )
    # All others do.
    with refused('mmpose_ctd calibrate', cure='unlabelled.exclude'):
        calibrate(cfg, checkpoint, device='cpu')
    # A few do not.
    train, test = (
        {*read_split(str(place / f'data/splits/{part}.txt'))}
        for part in ('train', 'test')
    )
    everyone = json.loads((place / 'data' / dataset.ann_file).read_text())
    rest = {i['subject'] for i in everyone['images']} - train - test
    few = sorted(rest)[:3]
    (place / 'data/some.txt').write_text('\n'.join({*train, *rest} - {*few}))
    dataset.unlabelled.split = 'some.txt'
    with refused(found='3 labelled subjects'):
        calibrate(cfg, checkpoint, device='cpu')


def test_a_head_without_heat_maps_is_refused(place):
    head = dict(
        type='RegressionHead',
        in_channels=32,
        num_joints=19,
        decoder=dict(type='RegressionLabel', input_size=(SIDE, SIDE)),
    )
    cfg = config(place / 'data', head)
    cfg.model.neck = dict(type='GlobalAveragePooling')
    model = MODELS.build(cfg.model)
    path = str(place / 'regression.pth')
    torch.save(dict(state_dict=model.state_dict(), meta={}), path)
    with refused('model.head'):
        LandmarkModel(cfg, path, 'cpu')
