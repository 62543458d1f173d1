"""The best checkpoint is the one of the smallest mean error."""

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample
from torch.utils.data import Dataset


class SlidingModel(BaseModel):
    """Predicts the truth shifted by a weight that training drives down.

    From 3.5, by 2 an epoch: 1.5, -0.5, -2.5, -4.5. The error is smallest
    after the second epoch and largest after the last.
    """

    def __init__(self):
        super().__init__()
        self.shift = torch.nn.Parameter(torch.tensor(3.5))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        if mode == 'loss':
            return {'loss': self.shift}
        for sample in data_samples:
            keypoints = sample.gt_instances.keypoints.copy()
            keypoints[..., 0] += self.shift.item()
            sample.pred_instances = InstanceData(keypoints=keypoints)
        return data_samples


class SixFaces(Dataset):
    metainfo = {'keypoint_id2name': {0: 'a', 1: 'b'}}

    def __len__(self):
        return 6

    def __getitem__(self, index):
        sample = PoseDataSample(
            metainfo=dict(
                id=index,
                img_id=index,
                subject=f's{index}',
                input_size=(64, 64),
                input_scale=np.array([64.0, 64.0]),
            )
        )
        sample.gt_instances = InstanceData(
            keypoints=np.full((1, 2, 2), 10.0 * index),
            keypoints_visible=np.ones((1, 2)),
        )
        return dict(inputs=torch.zeros(1), data_samples=sample)


def _loader():
    return dict(
        dataset=SixFaces(),
        sampler=dict(type='DefaultSampler', shuffle=False),
        batch_size=6,
        num_workers=0,
        collate_fn=pseudo_collate,
    )


def test_the_best_checkpoint_has_the_smallest_error(tmp_path):
    runner = Runner(
        model=SlidingModel(),
        work_dir=str(tmp_path),
        train_dataloader=_loader(),
        val_dataloader=_loader(),
        train_cfg=dict(by_epoch=True, max_epochs=4, val_interval=1),
        val_cfg=dict(),
        val_evaluator=dict(
            type='LandmarkErrorMetric', num_bootstrap=50, threshold=2.0
        ),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=2.0)),
        default_hooks=dict(
            checkpoint=dict(
                type='CheckpointHook',
                interval=1,
                save_best='landmark/ME',
                rule='less',
            )
        ),
        default_scope='mmpose',
        experiment_name='best',
    )
    runner.train()
    best = [path.name for path in tmp_path.glob('best_*.pth')]
    assert best == ['best_landmark_ME_epoch_2.pth']
    history = runner.message_hub.get_scalar('val/landmark/ME')._log_history
    assert history == pytest.approx([1.5, 0.5, 2.5, 4.5])
