"""VGGFace2's SE-ResNet-50 by VALUE, against its published description."""

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

STATE = random_state(se=True, classes=None)


def own_names(state):
    """conv4 and conv5 of a block are MMPose's se_layer."""
    for old, new in (('conv4', 'conv1'), ('conv5', 'conv2')):
        state = {
            key.replace(old, f'se_layer.{new}.conv'): value
            for key, value in state.items()
        }
    return state


@pytest.fixture(scope='module')
def network():
    config = dict(type='VGGFace2SEResNet', out_indices=(0, 1, 2, 3))
    model = MODELS.build(config)
    model.load_state_dict(own_names(STATE))
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


@torch.no_grad()
def test_squeeze_and_excitation_weighs_the_channels(network):
    """Without it the same weights give another network."""
    x = photograph(64)
    plain = {
        key: value
        for key, value in STATE.items()
        if '.conv4.' not in key and '.conv5.' not in key
    }
    assert min(differences(network(x), run(plain, x))) > 0.05


def test_it_has_the_convention_of_the_plain_network(network):
    assert network.mean == (131.0912, 103.8827, 91.4953)
    assert (network.channel_order, network.input_size) == ('rgb', (224, 224))
