"""A teacher that is normalised by the batch that it sees."""

import pytest
import torch
from mmpose.registry import MODELS
from torch import nn
from toy_models import ED, ToyEncoder, batch, build, model_config, teacher_file

from mmpose_ctd.errors import InputError
from projects.frl_study.control_teachers import BatchStatisticsSourceModel


@pytest.fixture
def checkpoint(tmp_path):
    return teacher_file(tmp_path / 'teacher.pth')


def student(checkpoint, kind):
    teacher = model_config(checkpoint)['teacher'] | dict(type=kind)
    return build(teacher=teacher, regularizers=ED)


def first_loss(model):
    data = model.data_preprocessor(batch(4), True)
    model.train()
    return model.loss(data['inputs'], data['data_samples'])['loss_ed']


def test_its_maps_are_those_of_the_weights_in_training_mode(checkpoint):
    source = student(checkpoint, 'BatchStatisticsSourceModel').teacher
    encoder = ToyEncoder()
    state = torch.load(checkpoint, weights_only=True)['state_dict']
    encoder.load_state_dict(
        {k[9:]: v for k, v in state.items() if k.startswith('backbone.')}
    )
    encoder.train()
    images = torch.randn(5, 3, 32, 32)
    for own, theirs in zip(source(images, False).feats, encoder(images)):
        torch.testing.assert_close(own, theirs, rtol=1e-5, atol=1e-6)


def test_ed_begins_at_nothing(checkpoint):
    ours = first_loss(student(checkpoint, 'BatchStatisticsSourceModel'))
    assert ours.item() == pytest.approx(0, abs=1e-5)
    # Which it does not beside a teacher that keeps its statistics.
    assert first_loss(student(checkpoint, 'SourceModel')).item() > 0.01


def test_it_is_frozen_and_remembers_no_batch(checkpoint):
    source = student(checkpoint, 'BatchStatisticsSourceModel').teacher
    before = {k: v.clone() for k, v in source.state_dict().items()}
    images = torch.randn(4, 3, 32, 32)
    maps = source(images, False).feats
    source(images + 3, False)
    for a, b in zip(source(images, False).feats, maps):
        assert torch.equal(a, b) and not a.requires_grad
    after = source.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert not any(p.requires_grad for p in source.parameters())


def test_the_final_layer_keeps_its_statistics(checkpoint):
    class Normed(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(8)

        def forward(self, feats):
            return self.norm(feats[-1].mean((2, 3)))

    MODELS.register_module(name='NormedToy', module=Normed, force=True)
    source = BatchStatisticsSourceModel(
        backbone=dict(type='ToyEncoder'), head=dict(type='NormedToy')
    )
    told = source(torch.randn(4, 3, 32, 32), True)
    expected = told.feats[-1].mean((2, 3)) / (1 + 1e-5) ** 0.5
    torch.testing.assert_close(told.final, expected)


def test_an_encoder_without_batch_norm_is_refused():
    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

    MODELS.register_module(name='PlainToy', module=Plain, force=True)
    with pytest.raises(InputError, match='PlainToy|Plain has none'):
        BatchStatisticsSourceModel(backbone=dict(type='PlainToy'))


def test_a_batch_of_one_image_is_refused(checkpoint):
    source = student(checkpoint, 'BatchStatisticsSourceModel').teacher
    with pytest.raises(InputError, match='a batch of 1 image'):
        source(torch.randn(1, 3, 32, 32), False)
