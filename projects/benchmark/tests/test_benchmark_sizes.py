"""Configs at other sizes, and the noise that they are timed on."""

import pytest
import torch
from mmengine.config import Config
from toy_models import CODEC, PIPELINE, K, model_config, runner_config

from mmpose_ctd.errors import InputError
from projects.benchmark.speed.sizes import resized, sizes_of
from projects.benchmark.speed.synthetic_batch import synthetic_batches
from projects.benchmark.speed.training_steps import TrainingSteps


@pytest.fixture
def cfg(tmp_path):
    return runner_config(tmp_path, model_config(teacher=None))


def test_codec_head_and_pipeline_follow_the_input(cfg):
    before = cfg.to_dict()
    other = resized(cfg, batch_size=3, input_size=64, num_keypoints=7)
    pipeline = other.train_dataloader.dataset.pipeline
    affine, targets = pipeline[2], pipeline[3]
    assert affine.input_size == (64, 64)
    for codec in (targets.encoder, other.model.head.decoder):
        assert codec.input_size == (64, 64)
        assert codec.heatmap_size == (16, 16)
    assert sizes_of(other) == dict(
        batch_size=3, input_size=64, num_keypoints=7
    )
    assert cfg.to_dict() == before
    assert sizes_of(resized(cfg)) == dict(
        batch_size=4, input_size=32, num_keypoints=K
    )


def test_a_codec_that_two_places_share_is_scaled_once():
    shared = Config(dict(codec=CODEC)).codec
    cfg = Config(
        dict(
            model=dict(head=dict(out_channels=K)),
            train_dataloader=dict(dataset=dict(pipeline=PIPELINE)),
        )
    )
    cfg.model.head.decoder = shared
    cfg.train_dataloader.dataset.pipeline[3].encoder = shared
    other = resized(cfg, input_size=64)
    assert other.model.head.decoder.heatmap_size == (16, 16)
    assert other.train_dataloader.dataset.pipeline[3].encoder.input_size == (
        64,
        64,
    )


def test_a_batch_is_what_the_model_is_trained_on(cfg):
    cfg = resized(cfg, batch_size=3, input_size=64, num_keypoints=7)
    first, second = synthetic_batches(cfg, number=2)
    assert [x.shape for x in first['inputs']] == [(3, 64, 64)] * 3
    assert first['inputs'][0].dtype == torch.uint8
    for sample in first['data_samples']:
        heatmaps = sample.gt_fields.heatmaps
        assert heatmaps.shape == (7, 16, 16)
        # A landmark of every map is near some pixel of it.
        assert (heatmaps.amax((1, 2)) > 0.7).all()
        assert sample.gt_instance_labels.keypoint_weights.shape == (1, 7)
    assert not torch.equal(first['inputs'][0], first['inputs'][1])
    assert not torch.equal(first['inputs'][0], second['inputs'][0])
    again, _ = synthetic_batches(cfg, number=2)
    assert torch.equal(first['inputs'][0], again['inputs'][0])


def test_a_step_leaves_the_batch_for_the_next_system(cfg, tmp_path):
    (batch,) = synthetic_batches(cfg, number=1)
    image = batch['inputs'][0].clone()
    target = batch['data_samples'][0].gt_fields.heatmaps.clone()
    run = TrainingSteps(cfg, str(tmp_path / 'run'), [batch])
    before = run.runner.model.head.final_layer.weight.detach().clone()
    run.one()
    assert not torch.equal(run.runner.model.head.final_layer.weight, before)
    assert torch.equal(batch['inputs'][0], image)
    assert torch.equal(batch['data_samples'][0].gt_fields.heatmaps, target)


def test_a_config_without_codec_is_told(cfg):
    del cfg.train_dataloader.dataset.pipeline[3]
    with pytest.raises(InputError, match='GenerateTarget'):
        synthetic_batches(cfg)
