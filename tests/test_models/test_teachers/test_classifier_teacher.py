"""mmpretrain's classifiers and backbones as teachers, against themselves."""

import importlib

import numpy as np
import pytest
import torch
import toy_models  # noqa: F401
from mmpose.models.data_preprocessors import PoseDataPreprocessor
from mmpose.registry import MODELS
from mmpretrain.models import ImageClassifier
from refusals import refused
from torch import nn

from mmpose_ctd.models.teachers.source_config import (
    MOVED,
    build_source,
    source_config,
)

SEEN = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
SMALL = dict(depth=18, stem_channels=8, base_channels=8)
# As it stands in a config of mmpretrain: names without a package.
CLASSIFIER = dict(
    type='mmpretrain.ImageClassifier',
    backbone=dict(type='ResNet', **SMALL, out_indices=(0, 1, 2, 3)),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=6,
        in_channels=64,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        topk=(1, 5),
    ),
)
STUDENTS = {
    'the same': dict(SEEN, bgr_to_rgb=True),
    'bgr': dict(mean=[100.0] * 3, std=[50.0] * 3),
    'raw': dict(),
}
PHOTOGRAPHS = torch.from_numpy(
    np.random.default_rng(0).integers(0, 256, (2, 3, 64, 64), np.uint8)
)


def away_from_the_start(network):
    """Random weights and statistics, such that every layer shows."""
    torch.manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.2)
    network.eval()


@pytest.fixture(scope='module')
def published(tmp_path_factory):
    """mmpretrain's own classifier of ten lines, and its file."""
    scoped = {
        part: dict(CLASSIFIER[part], _scope_='mmpretrain')
        for part in ('backbone', 'neck', 'head')
    }
    convention = dict(
        SEEN, type='ClsDataPreprocessor', to_rgb=True, _scope_='mmpretrain'
    )
    network = ImageClassifier(
        **{k: MODELS.build(v) for k, v in scoped.items()},
        data_preprocessor=MODELS.build(convention),
    )
    away_from_the_start(network)
    path = tmp_path_factory.mktemp('published') / 'resnet.pth'
    torch.save(dict(meta={}, state_dict=network.state_dict()), path)
    return network, str(path)


def teacher_of(path, student='raw', **changes):
    teacher = build_source(
        dict(
            CLASSIFIER,
            data_preprocessor=dict(SEEN, to_rgb=True, num_classes=6),
            checkpoint=path,
        )
        | changes
    )
    student = PoseDataPreprocessor(**STUDENTS[student])
    teacher.adapt_to(student)
    data = dict(inputs=list(PHOTOGRAPHS), data_samples=[])
    return teacher, student.forward(data)['inputs']


@torch.no_grad()
@pytest.mark.parametrize('student', STUDENTS)
def test_its_logits_are_the_classifiers_on_the_photograph(published, student):
    network, path = published
    seen = network.data_preprocessor(dict(inputs=list(PHOTOGRAPHS)))['inputs']
    logits = network(seen, mode='tensor')
    scores = torch.stack(
        [sample.pred_score for sample in network(seen, mode='predict')]
    )
    teacher, inputs = teacher_of(path, student)
    outputs = teacher(inputs, with_final=True)
    assert logits.std() > 0.1
    assert not torch.allclose(logits[0], logits[1], atol=1e-2)
    torch.testing.assert_close(outputs.final, logits, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        outputs.final.softmax(1), scores, rtol=1e-4, atol=1e-4
    )
    maps = network.extract_feat(seen, stage='backbone')
    assert len(outputs.feats) == 4
    for ours, theirs in zip(outputs.feats, maps):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_a_plain_teacher_needs_no_type():
    config = dict(backbone=dict(type='ToyEncoder'))
    assert source_config(config) == dict(config, type='SourceModel')
    with refused('model.teacher.type'):
        source_config(dict(type='mmpretrain.NoSuchThing'))


@pytest.mark.parametrize('kind', MOVED)
def test_a_teacher_that_has_moved_names_the_import_it_needs(kind, monkeypatch):
    monkeypatch.delitem(MODELS.module_dict, kind, raising=False)
    with refused('model.teacher.type', cure=MOVED[kind]) as caught:
        source_config(dict(type=kind))
    assert caught.value.found == kind
    assert hasattr(importlib.import_module(MOVED[kind]), kind)


def test_a_classifier_without_its_convention_is_not_guessed(published):
    with refused('model.teacher.data_preprocessor'):
        build_source(dict(CLASSIFIER, checkpoint=published[1]))


@pytest.mark.parametrize(
    'config',
    [
        dict(type='SourceModel'),
        dict(classifier=CLASSIFIER, backbone=CLASSIFIER['backbone']),
        dict(classifier=CLASSIFIER, head=CLASSIFIER['head']),
    ],
)
def test_parts_or_a_classifier_not_both(config):
    with refused('model.teacher'):
        build_source(config)


BACKBONES = {
    'mmpretrain.VisionTransformer': dict(
        arch=dict(
            embed_dims=16,
            num_layers=2,
            num_heads=2,
            feedforward_channels=32,
        ),
        img_size=32,
        patch_size=16,
        out_type='featmap',
    ),
    'mmpretrain.ConvNeXt': dict(
        arch=dict(depths=[1, 1, 1, 1], channels=[8, 16, 24, 32]),
        out_indices=(1, 3),
        gap_before_final_norm=False,
    ),
    'MobileNetV2': dict(widen_factor=0.25, out_indices=(3, 7)),
}


@torch.no_grad()
@pytest.mark.parametrize('name', BACKBONES)
def test_any_backbone_gives_its_own_values(name, tmp_path):
    config = dict(type=name, **BACKBONES[name])
    network = MODELS.build(config)
    away_from_the_start(network)
    path = str(tmp_path / 'any.pth')
    state = {f'backbone.{k}': v for k, v in network.state_dict().items()}
    torch.save(dict(state_dict=state), path)
    teacher = build_source(dict(backbone=config, checkpoint=path))
    # Values are compared bit by bit; folding is tested beside.
    teacher.fold_batch_norms = False
    images = torch.rand(2, 3, 64, 64)
    theirs = network(images)
    ours = teacher(images, with_final=False).feats
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        assert a.dim() == 4 and a.std() > 0
        assert torch.equal(a, b)


def test_a_final_layer_that_gives_maps_is_told_from_one_of_images():
    head = dict(
        type='HeatmapHead',
        in_channels=8,
        out_channels=3,
        deconv_out_channels=None,
    )
    teacher = build_source(dict(backbone=dict(type='ToyEncoder'), head=head))
    with refused(found='(2, 3, 4, 4)', within='HeatmapHead'):
        teacher.classify((torch.rand(2, 8, 4, 4),))
