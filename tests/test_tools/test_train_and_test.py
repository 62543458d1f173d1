"""tools/train.py and tools/test.py as a user types them."""

import hashlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import cv2
import mmpose
import numpy as np
import pytest
import torch
from tool_server import run_tool
from toy_models import random_source_file

from mmpose_ctd.apis.keypoint_results import read_keypoint_results
from mmpose_ctd.datasets.synthetic import make_synthetic_faces

ROOT = Path(__file__).resolve().parents[2]
CONFIG = str(ROOT / 'tests/helpers/configs/ctd_ed_sface.py')
SHORT = [
    'train_cfg.max_iters=2',
    'train_cfg.val_interval=2',
    'default_hooks.checkpoint.interval=1',
    'default_hooks.logger.interval=1',
    'train_dataloader.batch_size=2',
]
pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """An empty folder with data and a teacher, of random weights."""
    place = tmp_path_factory.mktemp('place')
    faces = make_synthetic_faces(place / 'data/synthetic_faces', 12, size=96)
    split = max((faces / 'splits').glob('train_n*_seed0.txt'))
    # The one that the config names.
    split.rename(faces / 'splits' / 'train_n020_seed0.txt')
    (place / 'checkpoints').mkdir()
    random_source_file(place / 'checkpoints' / 'sface.pth')
    return place


def start(place, tool, *arguments, root=ROOT):
    """In a Python of its own, as from the shell."""
    done = subprocess.run(
        [sys.executable, str(root / 'tools' / tool), *arguments],
        cwd=place,
        env=dict(os.environ, OMP_NUM_THREADS='1'),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done


def call(place, tool, *arguments, status=0):
    done = run_tool(tool, *arguments, cwd=place)
    assert done.returncode == status, done.stderr
    assert 'Traceback' not in done.stderr
    return done


def train(place, *arguments, options=(), status=0):
    options = ['--cfg-options', *SHORT, *options]
    return call(place, 'train.py', CONFIG, *arguments, *options, status=status)


@pytest.fixture(scope='module')
def trained(place):
    return start(place, 'train.py', CONFIG, '--cfg-options', *SHORT)


def test_training_writes_where_mmpose_does(place, trained):
    work_dir = place / 'work_dirs' / 'ctd_ed_sface'
    assert (work_dir / 'iter_2.pth').is_file()
    assert (work_dir / 'last_checkpoint').is_file()
    told = trained.stdout + trained.stderr
    assert 'loss_ed' in told and 'landmark/ME' in told
    # What fills hundreds of lines is in the log file alone.
    log = next(work_dir.glob('*/*.log')).read_text()
    for words in ('train_dataloader = dict(', 'before_train_iter:'):
        assert words in log and words not in told
    assert len(told.splitlines()) < 40


def test_log_and_checkpoint_name_no_folder_and_no_subject(place, trained):
    work_dir = place / 'work_dirs' / 'ctd_ed_sface'
    content = torch.load(work_dir / 'iter_2.pth', weights_only=False)
    kept = repr({k: content[k] for k in ('meta', 'message_hub')})
    log = next(work_dir.glob('*/*.log')).read_text()
    split = place / 'data/synthetic_faces/splits/test.txt'
    for text in (kept, log, trained.stdout):
        assert str(place) not in text
        assert not any(s in text for s in split.read_text().split())


def test_a_used_work_dir_is_refused_resumed_or_overwritten(place, trained):
    work_dir = place / 'used'
    arguments = ['--work-dir', 'used', '--no-validate']
    # Nothing to resume: the command of a job that is requeued is the same.
    train(place, *arguments, '--resume')
    config = (work_dir / 'ctd_ed_sface.py').read_text()
    before = sorted(work_dir.rglob('*'))
    done = train(place, *arguments, options=['randomness.seed=5'], status=2)
    assert done.stderr.strip().splitlines()[-1].startswith('error: used: ')
    # Nothing was written by the one that was refused.
    assert (work_dir / 'ctd_ed_sface.py').read_text() == config
    assert sorted(work_dir.rglob('*')) == before
    longer = ['train_cfg.max_iters=3', 'default_hooks.checkpoint.interval=3']
    done = train(place, *arguments, '--resume', options=longer)
    assert '[3/3]' in done.stdout and '[1/3]' not in done.stdout
    assert 'Resuming from iter_2.pth, step 2, sha256' in done.stdout
    # A finished run has nothing to do, and says so.
    done = train(place, *arguments, '--resume', options=longer)
    assert 'all 3 steps' in done.stdout
    train(place, *arguments, '--overwrite')
    assert [p.name for p in work_dir.glob('*.pth')] == ['iter_2.pth']


def test_options_of_the_training(place):
    done = train(
        place,
        *('--amp', '--auto-scale-lr', '--no-validate', '--work-dir', 'amp'),
        options=['default_hooks.checkpoint.type=CheckpointHook'],
    )
    config = (place / 'amp' / 'ctd_ed_sface.py').read_text()
    # On a CPU.
    assert "dtype='bfloat16'" in config
    # lr 5e-4 is for batches of 8; these are of 2.
    assert 'lr: 1.25' in done.stdout
    assert 'landmark/ME' not in done.stdout
    # mmengine's hook may lose all checkpoints.
    assert 'SafeCheckpointHook' in done.stderr


def test_testing_prints_a_table_and_writes_what_was_asked(place, trained):
    config = place / 'work_dirs' / 'ctd_ed_sface' / 'ctd_ed_sface.py'
    before = config.read_text()
    done = call(
        place,
        *('test.py', CONFIG, 'work_dirs/ctd_ed_sface/iter_2.pth'),
        *('--out', 'out/metrics.json', '--dump', 'predictions.pkl'),
        *('--keypoints', 'out/points.json', '--show-dir', 'pictures'),
    )
    data = (place / 'work_dirs/ctd_ed_sface/iter_2.pth').read_bytes()
    sha = hashlib.sha256(data).hexdigest()[:8]
    for word in ('ME', 'AUC at 5', 'FR at 5', 'subnasale', 'north', sha):
        assert word in done.stdout
    # What repeats the training is as the training left it.
    assert config.read_text() == before
    tested = list(config.parent.glob('*/ctd_ed_sface.py'))
    assert any("load_from = 'work_dirs" in t.read_text() for t in tested)
    content = json.loads((place / 'out' / 'metrics.json').read_text())
    report = content['reports'][0]
    assert (
        content['metrics']['landmark/ME'] == report['metrics']['ME']['value']
    )
    mean = sum(report['image_errors']) / len(report['image_errors'])
    assert report['metrics']['ME']['value'] == pytest.approx(mean)
    assert str(place) not in (place / 'out' / 'metrics.json').read_text()
    # Written by this test a moment ago.
    with open(place / 'predictions.pkl', 'rb') as file:
        predictions = pickle.load(file)
    assert len(predictions) == report['num_images']
    points = read_keypoint_results(place / 'out' / 'points.json')
    assert len(points) == report['num_images']
    for sample in predictions:
        np.testing.assert_allclose(
            points[sample['img_id']],
            sample['pred_instances']['keypoints'][0],
            rtol=1e-5,
        )
    assert len([*(place / 'out').iterdir()]) == 2
    pictures = [*(place / 'pictures').glob('*.png')]
    assert len(pictures) == report['num_images'] + 1
    assert all(cv2.imread(str(p)).shape[0] > 300 for p in pictures)


def test_mmposes_own_tools_run_our_configs(place, trained):
    theirs = Path(mmpose.__file__).parent / '.mim'
    for arguments in (
        ['train.py', CONFIG, '--work-dir', 'theirs', '--cfg-options', *SHORT],
        ['test.py', CONFIG, 'theirs/iter_2.pth', '--show-dir', 'shown'],
    ):
        done = start(place, *arguments, root=theirs)
    assert 'landmark/ME' in done.stdout
    assert list((place / 'work_dirs/ctd_ed_sface').glob('*/shown/*.png'))


def test_a_checkpoint_that_would_run_code_is_refused(place, trained):
    class Exploit:
        def __reduce__(self):
            return os.mkdir, (str(place / 'ran'),)

    torch.save(dict(state_dict={}, meta=Exploit()), place / 'evil.pth')
    done = call(place, 'test.py', CONFIG, 'evil.pth', status=2)
    assert 'refused' in done.stderr.strip().splitlines()[-1]
    assert not (place / 'ran').exists()


def test_the_checkpoint_of_another_model_is_refused(place, trained):
    done = call(place, 'test.py', CONFIG, 'checkpoints/sface.pth', status=2)
    assert 'missing: head.' in done.stderr.strip().splitlines()[-1]
    content = torch.load(
        place / 'work_dirs/ctd_ed_sface/iter_2.pth', weights_only=False
    )
    names = content['meta']['dataset_meta']['keypoint_name2id']
    content['meta']['dataset_meta']['keypoint_name2id'] = dict(
        reversed(names.items())
    )
    torch.save(content, place / 'order.pth')
    done = call(place, 'test.py', CONFIG, 'order.pth', status=2)
    last = done.stderr.strip().splitlines()[-1]
    assert "'gnathion'" in last and "'exocanthion_R'" in last


def test_mistakes_are_one_line_before_the_training(place):
    for option, words in (
        ('test_evaluator.threshold=0', ['threshold']),
        ('load_from=none.pth', ["load_from='none.pth'"]),
        (
            'model.head.out_channels=7',
            ['(7, 32, 32)', '(19, 32, 32)', 'model.head.out_channels'],
        ),
        (
            'model.teacher.checkpoint=gone.pth',
            ['gone.pth', 'mmpose_ctd download sface', '--stand-in'],
        ),
        (
            'train_dataloader.dataset.ann_file=gone.json',
            ['gone.json', '--stand-in'],
        ),
    ):
        done = train(place, '--work-dir', 'none', options=[option], status=2)
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith('error: ')
        assert all(word in last for word in words)
    (place / 'cut.pth').write_bytes(b'PK\x03\x04 cut off')
    done = train(place, '--resume', 'cut.pth', status=2)
    last = done.stderr.strip().splitlines()[-1]
    assert 'cut.pth' in last and 'damaged' in last


def test_measures_are_compared_printed_drawn_and_stored(place, trained):
    checkpoint = 'work_dirs/ctd_ed_sface/iter_2.pth'
    arguments = [CONFIG, checkpoint, '--work-dir', 'measured']
    done = call(
        place, 'test.py', *arguments, '--measures', 'px', '--out', 'm.json'
    )
    assert 'Measures: predicted - manual' in done.stdout
    content = json.loads(
        (place / 'm.json').read_text(), parse_constant=pytest.fail
    )
    fissure = content['measures'][0]['measures']['palpebral_fissure_length_R']
    manual, predicted = np.array([fissure['manual'], fissure['predicted']])
    bias = content['metrics']['measure/palpebral_fissure_length_R/bias']
    assert bias == pytest.approx((predicted - manual).mean())
    assert len(content['reports']) == 1
    assert list((place / 'measured').glob('*/figures/bland_altman.png'))

    done = call(place, 'test.py', *arguments, '--measures', 'mm', status=2)
    assert "'mm_per_px'" in done.stderr
