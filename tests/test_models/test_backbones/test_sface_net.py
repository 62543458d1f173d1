import pytest
import torch
from torch import nn

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


def test_norm_eval_keeps_statistics_while_training():
    for norm_eval in (False, True):
        net = random_net(norm_eval=norm_eval).train()
        before = net.stem[0].bn.running_mean.clone()
        net(torch.rand(2, 3, 32, 32))
        kept = torch.equal(before, net.stem[0].bn.running_mean)
        assert kept is norm_eval
        assert net.training and net.stem[0].act.training
