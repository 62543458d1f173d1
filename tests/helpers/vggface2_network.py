"""VGGFace2's networks in plain torch, with random weights.

Written from their published description, not from this package's layers:
what the two agree on is worth something. Names are torchvision's, the input
is R, G, B.
"""

import functools

import torch
import torch.nn.functional as F

BLOCKS = (3, 4, 6, 3)


def random_state(se=False, classes=10, embedding=None):
    """Weights with which every layer, bias and epsilon shows."""
    return dict(_random_state(se, classes, embedding))


@functools.cache
def _random_state(se, classes, embedding):
    generator = torch.Generator().manual_seed(0)
    state = {}

    def uniform(name, size, low, high):
        value = torch.rand(size, generator=generator)
        state[name] = value * (high - low) + low

    def kernel(name, out, inside, size, loudness=0.5):
        value = torch.randn(out, inside, size, size, generator=generator)
        state[f'{name}.weight'] = value * (
            0.25 / loudness / (inside * size * size) ** 0.5
        )

    def norm(name, channels):
        uniform(f'{name}.weight', channels, 0.3, 0.6)
        uniform(f'{name}.bias', channels, -0.2, 0.3)
        uniform(f'{name}.running_mean', channels, -0.1, 0.1)
        # So small that the epsilon shows.
        uniform(f'{name}.running_var', channels, 0.02, 0.08)

    kernel('conv1', 64, 3, 7, loudness=80.0)
    norm('bn1', 64)
    channels = 64
    for stage, blocks in enumerate(BLOCKS):
        width = 64 * 2**stage
        for block in range(blocks):
            name = f'layer{stage + 1}.{block}'
            kernel(f'{name}.conv1', width, channels, 1)
            norm(f'{name}.bn1', width)
            kernel(f'{name}.conv2', width, width, 3)
            norm(f'{name}.bn2', width)
            kernel(f'{name}.conv3', 4 * width, width, 1)
            norm(f'{name}.bn3', 4 * width)
            if block == 0:
                kernel(f'{name}.downsample.0', 4 * width, channels, 1)
                norm(f'{name}.downsample.1', 4 * width)
            channels = 4 * width
            if se:
                kernel(f'{name}.conv4', channels // 16, channels, 1, 0.1)
                uniform(f'{name}.conv4.bias', channels // 16, -0.5, 0.5)
                kernel(f'{name}.conv5', channels, channels // 16, 1, 0.1)
                uniform(f'{name}.conv5.bias', channels, -0.5, 0.5)
    if embedding:
        uniform('reduce.weight', (embedding, channels), -0.1, 0.1)
        channels = embedding
    if classes:
        uniform('fc.weight', (classes, channels), -0.1, 0.1)
        uniform('fc.bias', classes, -1, 1)
    return state


def _norm(x, state, name, eps):
    def column(key):
        return state[f'{name}.{key}'][:, None, None]

    scale = column('weight') / (column('running_var') + eps).sqrt()
    return (x - column('running_mean')) * scale + column('bias')


def _block(x, state, name, stride, eps):
    y = F.conv2d(x, state[f'{name}.conv1.weight'], stride=stride)
    y = _norm(y, state, f'{name}.bn1', eps).clamp(min=0)
    y = F.conv2d(y, state[f'{name}.conv2.weight'], padding=1)
    y = _norm(y, state, f'{name}.bn2', eps).clamp(min=0)
    y = F.conv2d(y, state[f'{name}.conv3.weight'])
    y = _norm(y, state, f'{name}.bn3', eps)
    if f'{name}.conv4.weight' in state:
        z = y.mean((2, 3), keepdim=True)
        w, b = state[f'{name}.conv4.weight'], state[f'{name}.conv4.bias']
        z = F.conv2d(z, w, b).clamp(min=0)
        w, b = state[f'{name}.conv5.weight'], state[f'{name}.conv5.bias']
        z = F.conv2d(z, w, b)
        y = y / (1 + (-z).exp())
    if f'{name}.downsample.0.weight' in state:
        x = F.conv2d(x, state[f'{name}.downsample.0.weight'], stride=stride)
        x = _norm(x, state, f'{name}.downsample.1', eps)
    return (x + y).clamp(min=0)


@torch.no_grad()
def run(state, x, eps=1e-5):
    """The maps of the four stages, then the outputs of the final layers."""
    x = F.conv2d(x, state['conv1.weight'], stride=2, padding=3)
    x = _norm(x, state, 'bn1', eps).clamp(min=0)
    # Windows of 3 at every second place, the last ones cut off by the edge.
    x = F.pad(x, (0, 1, 0, 1), value=-torch.inf)
    x = x.unfold(2, 3, 2).unfold(3, 3, 2).amax((4, 5))
    outputs = []
    for stage, blocks in enumerate(BLOCKS):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            x = _block(x, state, f'layer{stage + 1}.{block}', stride, eps)
        outputs.append(x)
    x = x.mean((2, 3))
    if 'reduce.weight' in state:
        x = x @ state['reduce.weight'].T
        outputs.append(x)
    if 'fc.weight' in state:
        outputs.append(x @ state['fc.weight'].T + state['fc.bias'])
    return outputs


def photograph(size, seed=0):
    """R, G, B less the mean, (1, 3, size, size)."""
    generator = torch.Generator().manual_seed(seed)
    # Channels that differ, so that a swap shows.
    pixels = torch.rand(1, 3, size, size, generator=generator) * 255
    pixels *= torch.tensor([1.0, 0.7, 0.4])[:, None, None]
    return pixels - torch.tensor([131.0912, 103.8827, 91.4953])[:, None, None]


def differences(ours, wanted):
    """For each output the largest difference, relative to the largest
    value; of another shape: infinite."""
    return [
        ((a - b).abs().max() / b.abs().max()).item()
        if a.shape == b.shape
        else float('inf')
        for a, b in zip(ours, wanted, strict=True)
    ]
