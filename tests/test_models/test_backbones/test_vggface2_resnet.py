"""VGGFace2's networks by VALUE, against their published description."""

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

# Even and odd maps before the max-pool.
SIZES = (96, 102)


def own_names(state):
    """conv4 and conv5 of a block are MMPose's se_layer."""
    for old, new in (('conv4', 'conv1'), ('conv5', 'conv2')):
        state = {
            key.replace(old, f'se_layer.{new}.conv'): value
            for key, value in state.items()
        }
    return state


@pytest.fixture(scope='module', params=['VGGFace2ResNet', 'VGGFace2SEResNet'])
def pair(request):
    """The network, and the state of the published one."""
    state = random_state(se='SE' in request.param, classes=None)
    network = MODELS.build(dict(type=request.param, out_indices=(0, 1, 2, 3)))
    network.load_state_dict(own_names(state))
    network.eval()
    return network, state


@pytest.mark.parametrize('size', SIZES)
@torch.no_grad()
def test_every_stage_has_the_published_values(pair, size):
    network, state = pair
    x = photograph(size)
    wanted = run(state, x)
    assert max(differences(network(x), wanted)) <= 1e-5
    # Squeeze and excitation count.
    plain = {
        key: value
        for key, value in state.items()
        if '.conv4.' not in key and '.conv5.' not in key
    }
    if len(plain) < len(state):
        assert min(differences(run(plain, x), wanted)) > 0.05


@pytest.mark.parametrize('trap', TRAPS)
@torch.no_grad()
def test_each_silent_trap_would_change_the_values(pair, trap):
    network, state = pair
    x = photograph(SIZES[0])
    wrong = differences(fall_into(trap, network)(x), run(state, x))
    # The stride of the 3x3 shows from the second stage on.
    assert min(wrong[1:]) > 0.05


def test_they_state_their_convention(pair):
    network, _ = pair
    assert network.mean == (131.0912, 103.8827, 91.4953)
    assert network.std == (1.0, 1.0, 1.0)
    assert (network.channel_order, network.input_size) == ('rgb', (224, 224))


@pytest.mark.parametrize(
    ('classes', 'embedding'), [(6, None), (None, 3), (6, 3), (None, None)]
)
def test_the_head_is_pooling_and_linear_layers(classes, embedding):
    head = MODELS.build(
        dict(
            type='PooledClassifier',
            in_channels=4,
            num_classes=classes,
            embedding_dim=embedding,
        )
    )
    feats = torch.rand(2, 4, 3, 5)
    wanted = feats.mean((2, 3))
    for layer in filter(None, (head.reduce, head.fc)):
        wanted = wanted @ layer.weight.T + layer.bias
    assert torch.allclose(head((None, feats)), wanted, atol=1e-6)
    assert len(head.state_dict()) == 2 * bool(classes) + 2 * bool(embedding)
