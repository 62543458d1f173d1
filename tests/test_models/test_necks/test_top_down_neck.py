import torch
from mmpose.registry import MODELS
from torch import nn


@torch.no_grad()
def test_one_map_of_the_finest_size_is_the_sum_of_all():
    neck = MODELS.build(
        dict(type='TopDownNeck', in_channels=(2, 3, 4), out_channels=5)
    )
    for lateral, bias in zip(neck.laterals, (1.0, 10.0, 100.0)):
        nn.init.zeros_(lateral.weight)
        nn.init.constant_(lateral.bias, bias)
    feats = torch.rand(2, 2, 12, 8), torch.rand(2, 3, 6, 4)
    (total,) = neck((*feats, torch.rand(2, 4, 3, 2)))
    assert total.shape == (2, 5, 12, 8)
    torch.testing.assert_close(total, torch.full_like(total, 111))
    # Each map has its own convolution.
    nn.init.ones_(neck.laterals[0].weight)
    (total,) = neck((*feats, torch.rand(2, 4, 3, 2)))
    expected = 111 + feats[0].sum(1, keepdim=True).expand(-1, 5, -1, -1)
    torch.testing.assert_close(total, expected)
