"""LandmarkFigureHook in a real test run of a toy model."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from refusals import refused
from torch.utils.data import Dataset
from toy_runner import toy_runner

from mmpose_ctd.engine.hooks.landmark_figure_hook import LandmarkFigureHook

TRUTH = np.array([[[30.0, 30.0], [90.0, 30.0], [60.0, 90.0]]])
GREEN, ORANGE = (130, 230, 60), (0, 140, 255)


class OffByFive(BaseModel):
    """Predicts every landmark 3 pixels right and 4 below the truth."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        for sample in data_samples:
            sample.pred_instances = InstanceData(
                keypoints=sample.gt_instances.keypoints + np.array([3.0, 4.0])
            )
        return data_samples


class Photographs(Dataset):
    """Five photographs of 128x128 pixels, named after their patients."""

    metainfo = {'keypoint_id2name': dict(enumerate('abc'))}

    def __init__(self, root, img_ids=(12, 7, 300, 1, 5)):
        self.img_ids = img_ids
        self.paths = [str(root / f'miller_{i}.png') for i in range(5)]
        for path in self.paths:
            assert cv2.imwrite(path, np.full((128, 128, 3), 90, np.uint8))

    def __len__(self):
        return 5

    def __getitem__(self, index):
        sample = PoseDataSample(
            metainfo=dict(
                id=index,
                img_id=self.img_ids[index],
                img_path=self.paths[index],
                subject=f'miller{index}',
                input_size=(64, 64),
                input_scale=np.array([128.0, 128.0]),
            )
        )
        sample.gt_instances = InstanceData(
            keypoints=TRUTH.copy(), keypoints_visible=np.ones((1, 3))
        )
        return dict(inputs=torch.zeros(1), data_samples=sample)


@pytest.fixture
def build(tmp_path):
    """Builds a Runner around the hook; its dataset and metrics may vary."""

    def runner(hook, evaluator=None, **dataset):
        photographs = tmp_path / 'photographs'
        photographs.mkdir(exist_ok=True)
        loader = dict(
            dataset=Photographs(photographs, **dataset),
            sampler=dict(type='DefaultSampler', shuffle=False),
            batch_size=2,
            num_workers=0,
            collate_fn=pseudo_collate,
        )
        if evaluator is None:
            evaluator = dict(type='LandmarkErrorMetric', num_bootstrap=20)
        return toy_runner(
            tmp_path / 'work',
            model=OffByFive(),
            default_hooks=dict(
                visualization=dict(type='LandmarkFigureHook', **hook)
            ),
            test_dataloader=loader,
            test_cfg=dict(),
            test_evaluator=evaluator,
        )

    return runner


def written(runner, folder='figures'):
    return sorted(p.name for p in Path(runner.log_dir, folder).glob('*'))


MEASURES = dict(
    type='MeasurementMetric',
    measurements=[dict(name='width', landmarks=['a', 'b'])],
)
ERRORS = dict(type='LandmarkErrorMetric', num_bootstrap=0)
OVERLAYS = dict(enable=True)
FILES = {
    'by default the CED alone': ({}, ERRORS, {}, ['ced']),
    'overlays by image id, never by file or subject': (
        OVERLAYS,
        ERRORS,
        {},
        ['000001', '000005', '000007', '000012', '000300', 'ced'],
    ),
    'several faces of one image': (
        OVERLAYS,
        ERRORS,
        dict(img_ids=(4, 4, 9, 4, 9)),
        ['000004', '000004_2', '000004_3', '000009', '000009_2', 'ced'],
    ),
    'ids that are file names': (
        OVERLAYS,
        ERRORS,
        dict(img_ids=['miller_1.png'] * 5),
        [*(f'{i:06d}' for i in range(5)), 'ced'],
    ),
    'measures': ({}, [ERRORS, MEASURES], {}, ['bland_altman', 'ced']),
}


@pytest.mark.parametrize('name', FILES)
def test_a_test_writes(build, name):
    hook, evaluator, dataset, files = FILES[name]
    runner = build(hook, evaluator, **dataset)
    runner.test()
    assert written(runner) == [f'{file}.png' for file in files]


def test_fields_of_mmposes_test_tool_are_understood(build, tmp_path):
    runner = build(
        dict(
            enable=True,
            show=False,
            out_dir=str(tmp_path / 'shown'),
            interval=2,
            wait_time=1,
        )
    )
    runner.test()
    names = sorted(p.name for p in (tmp_path / 'shown').iterdir())
    # Every second image, counted across batches: the 1st, 3rd and 5th.
    assert names == ['000005.png', '000012.png', '000300.png', 'ced.png']
    assert written(runner) == []


def test_marks_lie_in_the_original_photograph(build, tmp_path):
    build(dict(out_dir=str(tmp_path / 'o'), enable=True, margin=None)).test()
    picture = cv2.imread(str(tmp_path / 'o' / '000012.png'))[:768]
    green = np.abs(picture.astype(int) - GREEN).max(axis=-1) < 60
    y, x = np.nonzero(green)
    # 128 pixels became 768; the network's input was half as large.
    centre = np.array([x.mean(), y.mean()])
    expected = TRUTH[0].mean(axis=0) * 6 + 2.5
    np.testing.assert_allclose(centre, expected, atol=3)
    for point in TRUTH[0]:
        dot = picture[tuple(((point + (3, 4)) * 6 + 2.5).astype(int)[::-1])]
        assert np.abs(dot.astype(int) - ORANGE).max() < 60


def test_captions_are_in_the_unit_of_the_metric(build, monkeypatch):
    seen = []

    def draw(*args, error, unit, **kwargs):
        seen.append((round(error, 6), unit))
        return np.zeros((8, 8, 3), np.uint8)

    module = 'mmpose_ctd.engine.hooks.landmark_figure_hook'
    monkeypatch.setattr(f'{module}.draw_landmarks', draw)
    build(dict(enable=True)).test()
    assert seen == [(2.5, 'input px')] * 5


def test_ced_draws_the_errors_of_the_report(build, monkeypatch):
    drawn = {}

    def plot(errors, **kwargs):
        drawn.update(errors=errors, **kwargs)

    module = 'mmpose_ctd.engine.hooks.landmark_figure_hook'
    monkeypatch.setattr(f'{module}.plot_ced', plot)
    metric = dict(
        type='LandmarkErrorMetric',
        unit='image',
        per='landmark',
        threshold=7,
        num_bootstrap=0,
        include_ids=True,
    )
    build({}, metric).test()
    (errors,) = drawn['errors'].values()
    assert errors == pytest.approx([5.0] * 15)
    assert (drawn['threshold'], drawn['unit']) == (7, 'image px')


def test_show_without_a_screen_still_writes(build, monkeypatch):
    for name in ('DISPLAY', 'WAYLAND_DISPLAY'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr('sys.platform', 'linux')
    runner = build(dict(enable=True, show=True))
    runner.test()
    assert len(written(runner)) == 6


@pytest.mark.parametrize('interval', [0, 1.5])
def test_an_interval_is_a_positive_whole_number(interval):
    with refused(found=repr(interval)):
        LandmarkFigureHook(interval=interval)


def test_a_full_disc_is_an_error(build, monkeypatch):
    runner = build(dict(enable=True))
    monkeypatch.setattr(cv2, 'imwrite', lambda file, picture: False)
    with refused(within='000012.png'):
        runner.test()
