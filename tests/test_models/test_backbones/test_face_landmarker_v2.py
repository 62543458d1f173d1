"""Values against an interpreter: test_face_landmarker_checkpoint.py."""

import pytest
import torch
from refusals import refused

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


@pytest.mark.parametrize(
    ('indices', 'size'),
    [((0, 4), (96, 64)), ((4,), (64, 0)), ((0, 1), (64, 68))],
)
def test_a_size_that_the_strides_do_not_divide_is_refused(indices, size):
    net = FaceLandmarkerV2(out_indices=indices)
    with refused('FaceLandmarkerV2: input') as error:
        net(torch.rand(1, 3, *size))
    assert error.value.expected.endswith(str(STRIDES[indices[-1]]))


@torch.no_grad()
def test_only_the_strides_of_the_asked_stages_count():
    (feat,) = FaceLandmarkerV2(out_indices=(1,))(torch.rand(1, 3, 72, 40))
    assert feat.shape == (1, 64, 9, 5)
