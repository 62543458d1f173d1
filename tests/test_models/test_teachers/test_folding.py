"""A frozen network without its BatchNorms gives the same maps."""

import copy

import pytest
import torch
from mmpose.registry import MODELS
from torch import nn
from toy_models import ED, batch, build, teacher_file

from mmpose_ctd.models.teachers.source_model import fold_batch_norms


def norms(network):
    return [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]


def settled(network):
    """BatchNorms as after training: none is the identity."""
    torch.manual_seed(1)
    for norm in norms(network):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.5, 0.5)
        nn.init.uniform_(norm.running_mean, -0.5, 0.5)
        nn.init.uniform_(norm.running_var, 0.5, 2.0)
    network.train(False)
    return network.requires_grad_(False)


@pytest.mark.parametrize(
    'config',
    [
        dict(type='VGGFace2ResNet', out_indices=(0, 1, 2, 3)),
        dict(type='VGGFace2SEResNet', out_indices=(0, 3)),
        dict(type='SFaceNet', out_indices=(0, 1, 2, 3)),
        dict(type='ResNet', depth=18),
        dict(type='CSPNeXt', deepen_factor=0.33, widen_factor=0.25),
    ],
    ids=lambda c: c['type'],
)
def test_the_maps_are_the_same_without_batch_norms(config):
    network = settled(MODELS.build(config))
    images = torch.randn(2, 3, 64, 64)
    folded = fold_batch_norms(network, images[:1])
    assert norms(network)
    assert not norms(folded)
    assert not any(p.requires_grad for p in folded.parameters())
    for a, b in zip(network(images), folded(images)):
        assert (a - b).abs().max() < 1e-4 * a.abs().max()


class Crossed(nn.Module):
    """Defines its layers in another order than it uses them."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x):
        return self.conv(self.norm(x).relu())


def test_a_network_of_another_order_is_left_as_it_is():
    network = settled(Crossed())
    assert fold_batch_norms(network, torch.randn(1, 3, 4, 4)) is network


def test_training_folds_the_teacher_and_changes_no_loss(tmp_path):
    checkpoint = teacher_file(tmp_path / 'teacher.pth')
    model = build(checkpoint, regularizers=ED).train()
    plain = copy.deepcopy(model)
    plain._teacher = type(plain._teacher)()
    plain._teacher.module = copy.deepcopy(model.teacher)
    plain.teacher.fold_batch_norms = False
    data = model.data_preprocessor(batch(), True)
    ours, theirs = (m(**data, mode='loss')['loss_ed'] for m in (model, plain))
    assert not norms(model.teacher)
    assert norms(plain.teacher)
    assert norms(model.backbone)
    assert float(ours.detach()) == pytest.approx(float(theirs.detach()), 1e-5)
