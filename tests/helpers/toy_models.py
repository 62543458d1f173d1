"""Small networks, data and configs that go through the real machinery."""

import copy
import os

import cv2
import mmpose.models  # noqa: F401
import numpy as np
import torch
from mmengine.config import Config
from mmengine.model import BaseModule
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS, MODELS
from torch import nn
from torch.utils.data import Dataset

from mmpose_ctd.datasets.landmark_names import landmark_metainfo

K = 3
NAMES = ['exocanthion_R', 'exocanthion_L', 'subnasale']
SIZE = 32


@MODELS.register_module()
class ToyEncoder(BaseModule):
    """Two stages at strides 2 and 4, with BatchNorm and a slope."""

    def __init__(self, channels=(6, 8), out_indices=(0, 1), init_cfg=None):
        super().__init__(init_cfg)
        self.stages = nn.ModuleList()
        for before, after in zip((3, *channels), channels):
            self.stages.append(
                nn.Sequential(
                    nn.Conv2d(before, after, 3, 2, 1, bias=False),
                    nn.BatchNorm2d(after),
                    nn.PReLU(after),
                )
            )
        self.out_indices = out_indices

    def forward(self, x):
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return tuple(maps[i] for i in self.out_indices)

    def train(self, mode=True):
        # As mmpose's backbones do: None comes back.
        super().train(mode)


@MODELS.register_module()
class ToyClassifier(nn.Module):
    def __init__(self, in_channels=8, classes=5):
        super().__init__()
        self.fc = nn.Linear(in_channels, classes)

    def forward(self, feats):
        return self.fc(feats[-1].mean((2, 3)))


CODEC = dict(
    type='UDPHeatmap',
    input_size=(SIZE, SIZE),
    heatmap_size=(SIZE // 4, SIZE // 4),
    sigma=1,
)
PIPELINE = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='TopdownAffine', input_size=(SIZE, SIZE), use_udp=True),
    dict(type='GenerateTarget', encoder=CODEC),
    dict(type='PackLandmarkInputs'),
]


@DATASETS.register_module()
class ToyFaces(Dataset):
    """Noise with a bright blob at every landmark, made in memory."""

    metainfo = parse_pose_metainfo(landmark_metainfo(NAMES))

    def __init__(self, length=8, pipeline=(), test_mode=False):
        from mmengine.dataset import Compose

        self.length, self.pipeline = length, Compose(pipeline)

    def __len__(self):
        return self.length

    def __getitem__(self, i):
        random = np.random.default_rng(i)
        points = random.uniform(6, SIZE - 6, (K, 2)).astype(np.float32)
        image = random.integers(0, 60, (SIZE, SIZE, 3)).astype(np.uint8)
        for x, y in points:
            cv2.circle(image, (round(x), round(y)), 2, (255, 200, 90), -1)
        return self.pipeline(
            dict(
                img=image,
                img_id=i,
                id=i,
                img_path=None,
                subject=f'subject{i // 2}',
                site='here',
                image_fields=['subject', 'site'],
                bbox=np.array([[0, 0, SIZE, SIZE]], np.float32),
                bbox_score=np.ones(1, np.float32),
                keypoints=points[None],
                keypoints_visible=np.ones((1, K), np.float32),
                **{
                    key: self.metainfo[key]
                    for key in ('flip_indices', 'dataset_keypoint_weights')
                },
            )
        )


def teacher_file(path, channels=(6, 8), classes=5, seed=3):
    """Write a random source model, its statistics away from the start."""
    torch.manual_seed(seed)
    encoder = ToyEncoder(channels)
    head = ToyClassifier(channels[-1], classes)
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
    state = {f'backbone.{k}': v for k, v in encoder.state_dict().items()}
    state |= {f'head.{k}': v for k, v in head.state_dict().items()}
    torch.save(dict(state_dict=state, meta={}), path)
    return str(path)


def random_source_file(path, backbone='SFaceNet', head='SFaceEmbedding'):
    """Write registered networks' random weights as a converted source."""
    torch.manual_seed(0)
    state = {
        f'{part}.{key}': value
        for part, kind in (('backbone', backbone), ('head', head))
        for key, value in MODELS.build(dict(type=kind)).state_dict().items()
    }
    torch.save(dict(state_dict=state, meta={}), path)


PREPROCESSOR = dict(
    type='PoseDataPreprocessor',
    mean=[120.0, 110.0, 100.0],
    std=[60.0, 55.0, 50.0],
    bgr_to_rgb=True,
)


def model_config(checkpoint=None, **changes):
    """A CTDTopdownPoseEstimator of toy parts."""
    config = dict(
        type='CTDTopdownPoseEstimator',
        data_preprocessor=PREPROCESSOR,
        backbone=dict(type='ToyEncoder'),
        head=dict(
            type='HeatmapHead',
            in_channels=8,
            out_channels=K,
            deconv_out_channels=None,
            loss=dict(type='HeatmapFrobeniusLoss'),
            decoder=CODEC,
        ),
        teacher=dict(
            type='SourceModel',
            backbone=dict(type='ToyEncoder'),
            head=dict(type='ToyClassifier'),
            checkpoint=checkpoint,
        ),
    )
    return copy.deepcopy(config) | changes


ED = dict(ed=dict(type='EncoderDistillLoss', loss_weight=10.0))
CD = dict(cd=dict(type='ClassifierDistillLoss', loss_weight=10.0))


def build(checkpoint=None, **changes):
    """An initialised toy estimator."""
    model = MODELS.build(model_config(checkpoint, **changes))
    model.init_weights()
    return model


def batch(n=4, **preprocessing):
    """A collated batch as a data loader gives it."""
    dataset = ToyFaces(n, PIPELINE)
    samples = [dataset[i] for i in range(n)]
    return dict(
        inputs=[s['inputs'] for s in samples],
        data_samples=[s['data_samples'] for s in samples],
    )


def runner_config(work_dir, model, epochs=2, **changes):
    """A Runner's config that trains the toy model on toy faces."""
    loader = dict(
        batch_size=4,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(type='ToyFaces', pipeline=PIPELINE),
    )
    metric = dict(type='LandmarkErrorMetric', num_bootstrap=0)
    config = dict(
        default_scope='mmpose',
        work_dir=str(work_dir),
        model=model,
        train_dataloader=loader,
        val_dataloader=loader,
        test_dataloader=loader,
        val_evaluator=metric,
        test_evaluator=metric,
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        val_cfg=dict(),
        test_cfg=dict(),
        optim_wrapper=dict(
            type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-2)
        ),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1)),
        randomness=dict(seed=0),
        log_level='ERROR',
        experiment_name=f'toy_{os.path.basename(work_dir)}',
    )
    return Config(config | changes)
