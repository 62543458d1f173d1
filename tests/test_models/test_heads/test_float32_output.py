import pytest
import torch
from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS

from mmpose_ctd.models.heads.float32_output import give_float32

CODEC = dict(
    type='SimCCLabel', input_size=(32, 32), sigma=2.0, simcc_split_ratio=2.0
)
HEADS = {
    'heatmap': dict(
        type='HeatmapHead',
        in_channels=8,
        out_channels=3,
        deconv_out_channels=(4,),
        deconv_kernel_sizes=(4,),
    ),
    'simcc': dict(
        type='RTMCCHead',
        in_channels=8,
        out_channels=3,
        input_size=(32, 32),
        in_featuremap_size=(4, 4),
        decoder=CODEC,
    ),
    'regression': dict(type='RLEHead', in_channels=8, num_joints=3),
}


def flatten(outputs):
    if isinstance(outputs, torch.Tensor):
        return [outputs]
    return [tensor for item in outputs for tensor in flatten(item)]


def run(head):
    torch.manual_seed(0)
    feats = (torch.rand(2, 8, 4, 4),)
    if isinstance(head, HeatmapHead) or hasattr(head, 'gau'):
        return flatten(head.forward(feats))
    return flatten(head.forward((feats[0].mean((2, 3), keepdim=True),)))


@pytest.mark.parametrize('kind', HEADS)
def test_any_head_gives_float32_under_autocast_and_stays_itself(kind):
    head = MODELS.build(HEADS[kind]).eval()
    before, cls = run(head), type(head)
    keys, printed = list(head.state_dict()), repr(head)
    with torch.autocast('cpu', torch.bfloat16):
        raw = run(head)
        cured = run(give_float32(head))
    # Else the test would show nothing.
    assert any(t.dtype == torch.bfloat16 for t in raw)
    assert all(t.dtype == torch.float32 for t in cured)
    for theirs, ours in zip(raw, cured):
        assert torch.equal(theirs.float(), ours)
    assert isinstance(head, cls)
    assert (list(head.state_dict()), repr(head)) == (keys, printed)
    assert all(torch.equal(a, b) for a, b in zip(before, run(head)))
