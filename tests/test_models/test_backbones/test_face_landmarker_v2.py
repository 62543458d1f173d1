"""Values against an interpreter: test_face_landmarker_checkpoint.py."""

import pytest
import torch
from mmpose.registry import MODELS

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.backbones import FaceLandmarkerV2

STRIDES = (4, 8, 16, 32, 64)
CHANNELS = (32, 64, 128, 128, 128)


@pytest.mark.parametrize('height, width', [(64, 64), (256, 256), (128, 192)])
@torch.no_grad()
def test_a_stage_is_everything_at_one_stride(height, width):
    torch.manual_seed(0)
    maps = FaceLandmarkerV2().eval()(torch.rand(1, 3, height, width))
    for feat, channels, stride in zip(maps, CHANNELS, STRIDES, strict=True):
        assert feat.shape == (1, channels, height // stride, width // stride)
    assert FaceLandmarkerV2.arch_channels == CHANNELS
    assert FaceLandmarkerV2.arch_strides == STRIDES


@pytest.mark.parametrize(
    ('indices', 'size'),
    [((0, 4), (96, 64)), ((4,), (64, 0)), ((0, 1), (64, 68))],
)
def test_a_size_that_the_strides_do_not_divide_is_refused(indices, size):
    net = FaceLandmarkerV2(out_indices=indices)
    with pytest.raises(InputError) as error:
        net(torch.rand(1, 3, *size))
    assert error.value.where == 'FaceLandmarkerV2: input'
    assert error.value.expected.endswith(str(STRIDES[indices[-1]]))


@torch.no_grad()
def test_only_the_strides_of_the_asked_stages_count():
    (feat,) = FaceLandmarkerV2(out_indices=(1,))(torch.rand(1, 3, 72, 40))
    assert feat.shape == (1, 64, 9, 5)


@pytest.mark.parametrize(
    'indices', [(), (5,), (-1,), (1, 0), (2, 2), (1.0,), (True,), 3, None]
)
def test_impossible_out_indices_are_named(indices):
    with pytest.raises(InputError) as error:
        FaceLandmarkerV2(out_indices=indices)
    assert error.value.where == 'FaceLandmarkerV2: out_indices'


@pytest.mark.parametrize(
    ('side', 'padding'), [(8, (0, 1)), (7, (1, 1)), (9, (1, 1))]
)
@torch.no_grad()
def test_same_padding_is_tensorflows(side, padding):
    """An odd number of zeros has one more on the right and below."""
    conv = FaceLandmarkerV2().stem.conv
    x = torch.rand(1, 3, side, side)
    before, behind = padding
    padded = torch.zeros(1, 3, *[side + before + behind] * 2)
    padded[..., before : before + side, before : before + side] = x
    expected = torch.conv2d(padded, conv.weight, conv.bias, stride=2)
    assert expected.shape[-1] == -(-side // 2)
    torch.testing.assert_close(conv(x), expected)


def test_is_built_by_name_and_states_its_convention():
    net = MODELS.build(dict(type='FaceLandmarkerV2', out_indices=[0, 3]))
    assert net.out_indices == (0, 3)
    assert (net.mean, net.std) == ((0.0,) * 3, (255.0,) * 3)
    assert (net.channel_order, net.input_size) == ('rgb', (256, 256))


def test_init_cfg_loads_the_trunk_of_a_checkpoint(tmp_path):
    torch.manual_seed(0)
    source = FaceLandmarkerV2()
    state = {f'backbone.{k}': v for k, v in source.state_dict().items()}
    torch.save(dict(state_dict=state, meta={}), tmp_path / 'v2.pth')
    loaded = FaceLandmarkerV2(
        init_cfg=dict(
            type='Pretrained',
            checkpoint=str(tmp_path / 'v2.pth'),
            prefix='backbone.',
        )
    )
    loaded.init_weights()
    for ours, theirs in zip(loaded.parameters(), source.parameters()):
        assert torch.equal(ours, theirs)


def test_fast_and_torchs_backward_agree():
    grads = []
    for fast in (True, False):
        torch.manual_seed(0)
        net = FaceLandmarkerV2(fast_backward=fast)
        x = torch.rand(2, 3, 64, 64).requires_grad_()
        sum(feat.square().mean() for feat in net(x)).backward()
        grads.append([x.grad, *(p.grad for p in net.parameters())])
    for ours, theirs in zip(*grads):
        assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-6)


@torch.no_grad()
def test_bfloat16_autocast_and_channels_last_give_the_same_maps():
    torch.manual_seed(0)
    net, x = FaceLandmarkerV2(), torch.rand(2, 3, 64, 64)
    plain = net(x)
    net = net.to(memory_format=torch.channels_last)
    x = x.to(memory_format=torch.channels_last)
    for ours, theirs in zip(net(x), plain):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    with torch.autocast('cpu', torch.bfloat16):
        for ours, theirs in zip(net(x), plain):
            error = (ours.float() - theirs).norm() / theirs.norm()
            assert error < 0.05
