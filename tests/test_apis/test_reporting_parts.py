"""The parts of a report."""

import json

import numpy as np
import pytest
import torch

from mmpose_ctd.apis.reporting.page_parts import Anonymity
from mmpose_ctd.apis.reporting.tested_set import TestedSet
from mmpose_ctd.apis.reporting.training import config_changes
from mmpose_ctd.apis.reporting.work_dir import open_work_dir, read_run_log
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.evaluation import LandmarkErrorMetric

CONFIG = 'model = dict(type="A")\ntest_dataloader = dict(batch_size=1)\n'
BEST = 'best_landmark_ME_iter_5.pth'


def work_dir(folder, *checkpoints, last=None):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'ft_sface.py').write_text(CONFIG)
    for name in checkpoints:
        (folder / name).write_bytes(b'')
    if last:
        (folder / 'last_checkpoint').write_text(last)
    return folder


def log(folder, stamp, records, lines=()):
    run = folder / stamp
    (run / 'vis_data').mkdir(parents=True)
    text = ''.join(json.dumps(r) + '\n' for r in records)
    # A killed run leaves half a line.
    (run / 'vis_data' / 'scalars.json').write_text(text + '{"los')
    (run / f'{stamp}.log').write_text('\n'.join(lines))
    return run


@pytest.mark.parametrize(
    ('files', 'last', 'chosen', 'by'),
    [
        (['iter_9.pth', 'iter_10.pth'], None, 'iter_10.pth', 'last'),
        (['iter_9.pth', 'iter_5.pth'], r'C:\iter_5.pth', 'iter_5.pth', 'last'),
        (['epoch_3.pth'], '/gone/epoch_4.pth', 'epoch_3.pth', 'last'),
        (['iter_9.pth', BEST], '/a/iter_9.pth', BEST, 'validation'),
    ],
)
def test_checkpoint_to_report(tmp_path, files, last, chosen, by):
    run = open_work_dir(work_dir(tmp_path, *files, last=last))
    assert (run.checkpoint.name, run.chosen_by) == (chosen, by)
    assert run.config_name == 'ft_sface'


def test_config_of_the_checkpoint_counts_not_of_a_later_run(tmp_path):
    folder = work_dir(tmp_path)
    for day, seed in enumerate((1, 2, 3), start=1):
        run = log(folder, f'2026010{day}_000000', [{'loss': 2, 'step': 1}])
        text = CONFIG + f'seed = {seed}\nroot = "/data/who/a.json"\n'
        (run / 'vis_data' / 'config.py').write_text(text)
        if seed == 2:
            # As the privacy hook leaves it.
            meta = dict(cfg=text.replace('/data/who/', '<...>/'))
            torch.save(dict(meta=meta), folder / 'iter_1.pth')
    assert open_work_dir(folder).cfg.seed == 2
    # Of unknown origin: the newest.
    (folder / 'iter_1.pth').write_bytes(b'')
    assert open_work_dir(folder).cfg.seed == 3
    # But a test is no training.
    run = log(folder, '20260104_000000', [{'landmark/ME': 2}])
    (run / 'vis_data' / 'config.py').write_text(CONFIG + 'seed = 4\n')
    assert open_work_dir(folder).cfg.seed == 3


def test_damaged_work_dirs_are_refused(tmp_path):
    def refused(kind, where, found):
        with pytest.raises(kind) as caught:
            open_work_dir(folder)
        assert caught.value.where == str(where)
        assert found in caught.value.found

    folder = tmp_path / 'a b'
    refused(MissingFileError, folder, 'no such folder')
    folder.mkdir()
    refused(MissingFileError, folder, 'no config')
    config = work_dir(folder) / 'ft_sface.py'
    refused(MissingFileError, folder, 'no checkpoint')
    (folder / 'iter_1.pth').write_bytes(b'')
    (folder / 'ed_sface.py').write_text(CONFIG + 'other = 1\n')
    refused(InputError, folder, '2 configs, ed_sface.py, ft_sface.py')
    (folder / 'ed_sface.py').unlink()
    config.write_text('model = dict(')
    refused(InputError, config, 'SyntaxError')
    config.write_text('model = dict(type="A")')
    refused(InputError, config, 'no test_dataloader')


def test_curves_of_a_resumed_training(tmp_path):
    stamp = '2026/01/01 00:00:{:02d} - mmengine - INFO - '
    first = [
        {'loss': 9.0, 'loss_kpt': 8.0, 'lr': 0.1, 'time': 1.0, 'step': 10},
        {'landmark/ME': 3.0, 'time': 1.0, 'step': 0},
        {'loss': 7.0, 'loss_kpt': 6.0, 'lr': 0.1, 'step': 20},
        {'loss': float('nan'), 'lr': 0.1, 'step': 30},
    ]
    second = [
        {'loss': 5.0, 'loss_kpt': 4.0, 'lr': 0.05, 'step': 20},
        {'landmark/ME': 2.0, 'landmark/FR': 0.5, 'step': 0},
    ]
    lines = [
        f'{stamp.format(0)}Python',
        '    PyTorch: 2.13.0+cpu',
        '    CUDA_HOME: /usr/local/cuda',
        '    seed: 7',
        f'{stamp.format(9)}Iter(train) [10/20]',
        f'{stamp.format(50)}Iter(test) [1/1]',
    ]
    log(tmp_path, '20260101_000000', first, lines)
    log(tmp_path, '20260101_000100', second, lines)
    log(tmp_path, '20260101_000200', [{'landmark/ME': 99.0}], lines[:1])
    empty = read_run_log(tmp_path / 'none')
    assert empty.seconds is None and not empty.training
    found = read_run_log(tmp_path)
    assert found.training['loss'].to_dict() == {10: 9.0, 20: 5.0}
    assert found.validation['landmark/ME'].to_dict() == {10: 3.0, 20: 2.0}
    assert 'time' not in found.training
    assert (found.seconds, found.num_restarts) == (18.0, 1)
    assert found.environment == {'PyTorch': '2.13.0+cpu', 'seed': '7'}


def test_changes_of_lists():
    before = dict(
        custom_hooks=[dict(type='A'), dict(type='B')],
        param_scheduler=[dict(type='P', end=5)],
        train_cfg=dict(size=(1, 2)),
        load_from=None,
    )
    after = dict(
        custom_hooks=[dict(type='New'), dict(type='A'), dict(type='B')],
        param_scheduler=[dict(type='P', end=6)],
        train_cfg=dict(size=[1, 2]),
    )
    assert config_changes(before, after) == [
        ('custom_hooks', '', "dict(type='New')"),
        ('load_from', 'None', ''),
        ('param_scheduler.0.end', '5', '6'),
    ]


def test_ids_and_paths_are_removed_from_a_text():
    clean = Anonymity(['jane_doe', 'o.k.', '12', '12345', 'p.jpg']).clean
    text = clean("data_root='/clinic/jane_doe/x', n=12, f='a/jane_doe.png'")
    assert text == "data_root='[path]', n=12, f='a/[id].png'"
    assert clean('/ward/of/Jane') == '[path]'
    assert clean('id 12345, 912345, jane_doe_2') == ('id [id], 912345, [id]_2')
    assert Anonymity([]).clean('nothing to hide') == 'nothing to hide'


def sample(i, subject=None, img_id=None, shift=0.0):
    points = np.array([[[1.0 + i, 2.0], [3.0, 4.0 * i]]])
    return dict(
        pred_instances=dict(keypoints=points + shift),
        gt_instances=dict(keypoints=points, keypoints_visible=[[1, 1]]),
        subject=subject,
        site=None,
        img_id=img_id,
        id=i,
        input_size=(32, 32),
        input_scale=np.array([64.0, 64.0]),
        input_center=np.array([32.0, 32.0]),
        img_path='/clinic/jane.png',
    )


def test_codes_give_the_intervals_of_the_names():
    """The bootstrap draws groups in the order of their names."""
    people = [('ärger', 1.0), ('10', 0.5), ('9', 7.0), ('Zoe', 2.0)]
    people += [('anna', 0.0), ('b b', 3.0), ('10', 4.0)]
    samples = [
        sample(i, subject, f'jane_{i}.png', shift)
        for i, (subject, shift) in enumerate(people)
    ]
    tested = TestedSet(samples, {})
    metric = LandmarkErrorMetric(num_bootstrap=50)
    metric.dataset_meta = tested.dataset_meta
    for one in samples:
        metric.process({}, [one])
    metric.evaluate(len(samples))
    ours = tested.evaluate(LandmarkErrorMetric(num_bootstrap=50)).report
    assert ours == metric.report
    text = repr(vars(tested))
    assert not any(name in text for name in ('clinic', 'anna', 'jane'))


def test_two_faces_in_a_sample_are_refused():
    two = sample(0)
    for field in ('pred_instances', 'gt_instances'):
        two[field]['keypoints'] = np.zeros((2, 2, 2))
    two['gt_instances']['keypoints_visible'] = np.ones((2, 2))
    with pytest.raises(InputError) as caught:
        TestedSet([two], {})
    assert caught.value.found == 'has 2 faces'
