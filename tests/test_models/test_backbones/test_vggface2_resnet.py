"""VGGFace2's ResNet-50 by VALUE, against its published description."""

import pytest
import torch
from mmpose.registry import MODELS
from vggface2_network import (
    TRAPS,
    differences,
    fall_into,
    photograph,
    random_state,
    run,
)

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.backbones import VGGFace2ResNet
from mmpose_ctd.models.heads import PooledClassifier

STATE = random_state(classes=None)


@pytest.fixture(scope='module')
def network():
    model = VGGFace2ResNet(out_indices=(0, 1, 2, 3))
    # Its names are torchvision's.
    model.load_state_dict(STATE)
    model.eval()
    return model


@pytest.mark.parametrize('size', [224, 256, 193])
@torch.no_grad()
def test_every_stage_has_the_published_values(network, size):
    x = photograph(size)
    assert max(differences(network(x), run(STATE, x))) <= 1e-5


@pytest.mark.parametrize('trap', TRAPS)
@torch.no_grad()
def test_each_silent_trap_would_change_the_values(network, trap):
    x = photograph(224)
    wrong = differences(fall_into(trap, network)(x), run(STATE, x))
    # The stride of the 3x3 shows from the second stage on.
    assert min(wrong[1:]) > 0.05


def test_it_states_its_convention():
    assert VGGFace2ResNet.mean == (131.0912, 103.8827, 91.4953)
    assert VGGFace2ResNet.std == (1.0, 1.0, 1.0)
    assert VGGFace2ResNet.channel_order == 'rgb'
    assert VGGFace2ResNet.input_size == (224, 224)


def test_the_classifier_is_pooling_and_a_linear_layer():
    head = PooledClassifier(in_channels=4, num_classes=6)
    feats = torch.rand(2, 4, 3, 5)
    wanted = feats.mean((2, 3)) @ head.fc.weight.T + head.fc.bias
    assert torch.allclose(head((None, feats)), wanted, atol=1e-6)
    assert set(head.state_dict()) == {'fc.weight', 'fc.bias'}


@pytest.mark.parametrize('classes', [None, 6])
def test_an_embedding_comes_before_the_classifier_or_in_its_place(classes):
    config = dict(
        type='PooledClassifier',
        in_channels=4,
        num_classes=classes,
        embedding_dim=3,
    )
    head = MODELS.build(config)
    feats = torch.rand(2, 4, 3, 5)
    wanted = feats.mean((2, 3)) @ head.reduce.weight.T + head.reduce.bias
    if classes:
        wanted = wanted @ head.fc.weight.T + head.fc.bias
    assert torch.allclose(head((feats,)), wanted, atol=1e-6)


def test_a_head_without_layers_is_refused():
    with pytest.raises(InputError, match='embedding_dim are both None'):
        PooledClassifier(num_classes=None)
