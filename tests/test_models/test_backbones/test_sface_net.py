import pytest
import torch
from refusals import refused
from torch import nn

from mmpose_ctd.models import layers
from mmpose_ctd.models.backbones import SFaceNet

ALL = (0, 1, 2, 3)


def random_net(seed: int = 0, **kwargs) -> SFaceNet:
    """A net in which every BatchNorm and every slope matters."""
    torch.manual_seed(seed)
    net = SFaceNet(out_indices=ALL, **kwargs)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            # Variances so small that the epsilon shows.
            nn.init.uniform_(module.running_var, 0.01, 0.05)
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.weight, 0.2, 0.4)
            nn.init.uniform_(module.bias, -0.2, 0.2)
        elif isinstance(module, nn.PReLU):
            nn.init.uniform_(module.weight, -0.3, 0.4)
    return net.eval()


@pytest.mark.parametrize('height, width', [(112, 112), (96, 160), (113, 111)])
@torch.no_grad()
def test_a_stage_is_everything_at_one_stride(height, width):
    maps = random_net()(torch.rand(1, 3, height, width))
    for feat, channels, stride in zip(
        maps, (128, 256, 512, 1024), (2, 4, 8, 16), strict=True
    ):
        rows, columns = -(-height // stride), -(-width // stride)
        assert feat.shape == (1, channels, rows, columns)
    assert SFaceNet.arch_channels == (128, 256, 512, 1024)
    assert (SFaceNet.mean, SFaceNet.std) == ((127.5,) * 3, (128.0,) * 3)
    assert (SFaceNet.channel_order, SFaceNet.input_size) == ('rgb', (112, 112))


@pytest.mark.parametrize(
    'indices', [(), (4,), (-1,), (1, 0), (2, 2), (1.0,), (True,), 3, None]
)
def test_impossible_out_indices_are_named(indices):
    with refused('SFaceNet: out_indices'):
        SFaceNet(out_indices=indices)


def test_state_dict_holds_the_published_weights_and_nothing_else():
    own = {
        key: value
        for key, value in SFaceNet().state_dict().items()
        if not key.endswith('num_batches_tracked')
    }
    # 27 units of one convolution, four of BatchNorm, one of slopes.
    assert len(own) == 27 * 6
    assert {key.split('.')[0] for key in own} == {
        'stem',
        'stage1',
        'stage2',
        'stage3',
        'stage4',
    }
    assert sum(p.numel() for p in SFaceNet().parameters()) == 3_217_920


def test_norm_eval_keeps_statistics_while_training():
    for norm_eval in (False, True):
        net = random_net(norm_eval=norm_eval).train()
        before = net.stem[0].bn.running_mean.clone()
        net(torch.rand(2, 3, 32, 32))
        kept = torch.equal(before, net.stem[0].bn.running_mean)
        assert kept is norm_eval
        assert net.training and net.stem[0].act.training


@torch.no_grad()
def test_bfloat16_autocast_and_channels_last_give_the_same_maps():
    net = random_net()
    x = torch.rand(2, 3, 64, 64)
    plain = net(x)
    net = net.to(memory_format=torch.channels_last)
    x = x.to(memory_format=torch.channels_last)
    for ours, theirs in zip(net(x), plain):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    with torch.autocast('cpu', torch.bfloat16):
        for ours, theirs in zip(net(x), plain):
            error = (ours.float() - theirs).norm() / theirs.norm()
            assert error < 0.05


def test_fast_and_torchs_backward_agree():
    """Up to the rounding of sums, in float32."""
    grads = []
    for fast in (True, False):
        net = random_net(fast_backward=fast)
        x = torch.randn(
            2, 3, 32, 32, generator=torch.Generator().manual_seed(1)
        )
        net(x.requires_grad_())[-1].square().mean().backward()
        grads.append([x.grad, *(p.grad for p in net.parameters())])
    for ours, theirs in zip(*grads):
        assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-6)


def test_torchs_backward_is_torchs(monkeypatch):
    for name in ('_PReLU', '_StridedConv'):
        monkeypatch.setattr(layers, name, None)
    net = random_net(fast_backward=False)
    with torch.autocast('cpu', torch.bfloat16):
        y = net(torch.randn(1, 3, 32, 32))[-1]
    y.float().sum().backward()
    with torch.autocast('cpu', torch.bfloat16), pytest.raises(AttributeError):
        random_net()(torch.randn(1, 3, 32, 32))
