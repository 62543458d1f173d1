import numpy as np
import pytest
import torch
from mmengine.model import BaseDataPreprocessor
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers import ImageConvention, InputAdapter

PHOTOGRAPHS = torch.from_numpy(
    np.random.default_rng(0).integers(0, 256, (2, 3, 6, 8), np.uint8)
)
IMAGENET = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
CONVENTIONS = {
    'imagenet rgb': dict(IMAGENET, bgr_to_rgb=True),
    'imagenet bgr': IMAGENET,
    'sface': dict(mean=[127.5] * 3, std=[128.0] * 3, bgr_to_rgb=True),
    'vggface2 rgb': dict(
        mean=[131.0912, 103.8827, 91.4953], std=[1.0] * 3, bgr_to_rgb=True
    ),
    'vggface2 bgr': dict(mean=[91.4953, 103.8827, 131.0912], std=[1.0] * 3),
    'one number': dict(mean=[100.0], std=[50.0]),
    'raw': dict(),
    'a classifier, rgb': dict(
        IMAGENET, type='mmpretrain.ClsDataPreprocessor', to_rgb=True
    ),
    'a classifier, bgr': dict(
        type='mmpretrain.ClsDataPreprocessor',
        mean=[104, 117, 123],
        std=[50],
    ),
    'a classifier, raw': dict(type='mmpretrain.ClsDataPreprocessor'),
}


def seen_by(config):
    """What a network with this preprocessor sees, straight from BGR bytes."""
    preprocessor = MODELS.build(dict(type='PoseDataPreprocessor') | config)
    samples = [PoseDataSample() for _ in PHOTOGRAPHS]
    data = dict(inputs=list(PHOTOGRAPHS), data_samples=samples)
    return preprocessor.forward(data)['inputs'], preprocessor


@pytest.mark.parametrize('teacher', CONVENTIONS)
@pytest.mark.parametrize('student', CONVENTIONS)
def test_the_teacher_sees_what_its_own_preprocessor_would_give(
    student, teacher
):
    ours, our_preprocessor = seen_by(CONVENTIONS[student])
    wanted, their_preprocessor = seen_by(CONVENTIONS[teacher])
    adapter = InputAdapter(
        ImageConvention.of(our_preprocessor),
        ImageConvention.of(their_preprocessor),
    )
    scale = wanted.abs().max()
    assert torch.allclose(adapter(ours) / scale, wanted / scale, atol=1e-5)


def test_the_size_is_the_teachers():
    ours, preprocessor = seen_by(CONVENTIONS['raw'])
    convention = ImageConvention.of(preprocessor)
    adapter = InputAdapter(convention, convention, size=(3, 4))
    wanted = ours.reshape(2, 3, 3, 2, 4, 2).mean((3, 5))
    assert adapter(ours).shape == (2, 3, 3, 4)
    # Antialiased, so near a box mean, whereas picking pixels is far off.
    assert (adapter(ours) - wanted).abs().mean() < 0.5 * (
        ours[..., ::2, ::2] - wanted
    ).abs().mean()
    constant = torch.full_like(ours, 7.0)
    assert torch.allclose(adapter(constant), torch.tensor(7.0))


def test_a_preprocessor_that_tells_nothing_is_refused():
    with pytest.raises(InputError, match='PoseDataPreprocessor'):
        ImageConvention.of(BaseDataPreprocessor())


def test_a_network_for_two_channels_is_refused():
    config = dict(mean=[1.0, 2.0], std=[1.0, 1.0])
    preprocessor = MODELS.build(
        dict(config, type='mmpretrain.ClsDataPreprocessor')
    )
    with pytest.raises(InputError, match=r'mean=\(1.0, 2.0\).*three'):
        ImageConvention.of(preprocessor)
