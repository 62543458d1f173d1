"""VGGFace2's ResNet-50 by VALUE, against its published description.

The reference is written here in plain torch: torchvision-like names, the
stride in the first 1x1 convolution, max-pooling without padding that rounds
up.
"""

import pytest
import torch
import torch.nn.functional as F
from mmpose.models.backbones import ResNet

from mmpose_ctd.models.backbones import VGGFace2ResNet
from mmpose_ctd.models.heads import PooledClassifier


def norm(x, state, name):
    keys = ('running_mean', 'running_var', 'weight', 'bias')
    return F.batch_norm(x, *(state[f'{name}.{k}'] for k in keys), eps=1e-5)


def bottleneck(x, state, name, stride):
    y = F.conv2d(x, state[f'{name}.conv1.weight'], stride=stride)
    y = F.relu(norm(y, state, f'{name}.bn1'))
    y = F.conv2d(y, state[f'{name}.conv2.weight'], padding=1)
    y = F.relu(norm(y, state, f'{name}.bn2'))
    y = norm(F.conv2d(y, state[f'{name}.conv3.weight']), state, f'{name}.bn3')
    shortcut = f'{name}.downsample.0.weight'
    if shortcut in state:
        x = F.conv2d(x, state[shortcut], stride=stride)
        x = norm(x, state, f'{name}.downsample.1')
    return F.relu(x + y)


def reference(x, state):
    x = F.conv2d(x, state['conv1.weight'], stride=2, padding=3)
    x = F.relu(norm(x, state, 'bn1'))
    x = F.max_pool2d(x, 3, stride=2, padding=0, ceil_mode=True)
    stages = []
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            x = bottleneck(x, state, f'layer{stage + 1}.{block}', stride)
        stages.append(x)
    return stages


def random_norms(model):
    """MMPose starts a block's last BatchNorm at 0: nothing would show."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)
            torch.nn.init.uniform_(module.running_var, 0.8, 1.2)
            torch.nn.init.uniform_(module.weight, 0.3, 0.6)


@pytest.fixture(scope='module')
def network():
    torch.manual_seed(0)
    model = VGGFace2ResNet(out_indices=(0, 1, 2, 3))
    model.init_weights()
    random_norms(model)
    model.eval()
    return model


@pytest.mark.parametrize('size', [224, 256])
def test_every_stage_has_the_published_values(network, size):
    x = torch.rand(1, 3, size, size, generator=torch.manual_seed(1)) * 200
    with torch.no_grad():
        ours = network(x)
        wanted = reference(x, network.state_dict())
    for a, b in zip(ours, wanted):
        assert a.shape == b.shape
        assert (a - b).abs().max() <= 1e-5 * b.abs().max()


@pytest.mark.parametrize(
    'spoil',
    [
        pytest.param(dict(padding=1), id='max-pool padded'),
        pytest.param(dict(style='pytorch'), id='stride on the 3x3'),
        pytest.param(dict(eps=1e-3), id='BatchNorm eps'),
        pytest.param(dict(swap=True), id='channels swapped'),
    ],
)
def test_each_silent_trap_would_change_the_values(network, spoil):
    style = spoil.get('style', 'caffe')
    other = ResNet(50, style=style, out_indices=(0, 1, 2, 3))
    other.load_state_dict(network.state_dict())
    if 'padding' not in spoil:
        other.maxpool = network.maxpool
    if 'eps' in spoil:
        for module in other.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eps = spoil['eps']
    other.eval()
    x = torch.rand(1, 3, 224, 224, generator=torch.manual_seed(1)) * 200
    with torch.no_grad():
        right = reference(x, network.state_dict())[-1]
        wrong = other(x.flip(1) if 'swap' in spoil else x)[-1]
    assert wrong.shape == right.shape
    assert (wrong - right).norm() > 1e-3 * right.norm()


def test_the_classifier_is_pooling_and_a_linear_layer():
    head = PooledClassifier(in_channels=4, num_classes=6)
    feats = torch.rand(2, 4, 3, 5)
    wanted = feats.mean((2, 3)) @ head.fc.weight.T + head.fc.bias
    assert torch.allclose(head((None, feats)), wanted, atol=1e-6)
