"""What loading of large photographs leaves to wait for."""

import cv2
import pytest
from toy_models import model_config, runner_config, teacher_file

from mmpose_ctd.datasets import CIFASDDataset
from projects.benchmark.speed.loader_wait import (
    loader_waits,
    write_photographs,
)

PIPELINE = [
    dict(type='LoadLandmarkImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='TopdownAffine', input_size=(64, 64), use_udp=True),
    dict(type='PackLandmarkInputs'),
]


def test_the_photographs_are_a_labelled_set(tmp_path):
    write_photographs(tmp_path, 3, 5, (400, 500))
    dataset = CIFASDDataset('landmarks.json', str(tmp_path), num_keypoints=5)
    assert len(dataset) == 3
    assert cv2.imread(dataset[0]['img_path']).shape == (500, 400, 3)


@pytest.mark.slow
def test_a_step_as_long_as_loading_hides_it(tmp_path):
    cfg = runner_config(
        tmp_path, model_config(teacher_file(tmp_path / 'teacher.pth'))
    )
    cfg.train_dataloader = dict(
        batch_size=2,
        num_workers=1,
        persistent_workers=True,
        sampler=dict(type='InfiniteSampler', shuffle=True),
        dataset=dict(type='CIFASDDataset', ann_file='', pipeline=PIPELINE),
    )

    def waits(pause):
        return loader_waits(
            cfg, pause, (1200, 1500), rounds=4, warm_up=2, num_photographs=4
        )

    hurried, patient = waits(0.0), waits(0.5)
    assert list(hurried) == ['full']
    assert hurried['full'].shape == (4,)
    assert patient['full'].mean() < hurried['full'].mean()
