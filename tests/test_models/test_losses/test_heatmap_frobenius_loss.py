import numpy as np
import pytest
import torch
from mmpose.models.losses import KeypointMSELoss
from refusals import refused

from mmpose_ctd.models.losses import HeatmapFrobeniusLoss

N, K, H, W = 2, 3, 4, 5
RANDOM = np.random.default_rng(0)
OUTPUT, TARGET = (
    torch.tensor(RANDOM.normal(size=(N, K, H, W)), dtype=torch.float32)
    for _ in range(2)
)


def frobenius(weights):
    """Formula (1), image by image."""
    images = [
        sum(
            w * np.linalg.norm((o - t).numpy(), 'fro') ** 2
            for o, t, w in zip(outputs, targets, row)
        )
        for outputs, targets, row in zip(OUTPUT, TARGET, weights)
    ]
    return np.mean(images)


def test_it_is_the_formula():
    value = float(HeatmapFrobeniusLoss(0.5)(OUTPUT, TARGET))
    assert value == pytest.approx(0.5 * frobenius(np.ones((N, K))), rel=1e-5)


def test_invisible_landmarks_weigh_nothing():
    weights = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    value = float(HeatmapFrobeniusLoss()(OUTPUT, TARGET, weights))
    assert value == pytest.approx(frobenius(weights.numpy()), rel=1e-5)


def test_it_is_mmposes_loss_times_the_number_of_values():
    weights = torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    theirs = KeypointMSELoss(use_target_weight=True)
    wanted = K * H * W * theirs(OUTPUT, TARGET, weights)
    assert torch.allclose(
        HeatmapFrobeniusLoss()(OUTPUT, TARGET, weights), wanted
    )


def test_pixel_weights_and_masks():
    pixels = torch.zeros(N, K, H, W)
    pixels[..., 0] = 1
    wanted = (OUTPUT - TARGET)[..., 0].square().sum() / N
    loss = HeatmapFrobeniusLoss()
    assert torch.allclose(loss(OUTPUT, TARGET, pixels), wanted)
    assert torch.allclose(loss(OUTPUT, TARGET, mask=pixels[:, :1]), wanted)


@pytest.mark.parametrize('shape', [(N, 1, H, W), (N, K, 8, 8)])
def test_another_k_or_size_is_refused_with_the_key_to_change(shape):
    with refused('model.head', expected=str(shape[1:])):
        HeatmapFrobeniusLoss()(OUTPUT, torch.zeros(shape))


def test_unlabelled_images_can_count_for_nothing():
    loss = HeatmapFrobeniusLoss(labelled_only=True)
    weights = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    alone = HeatmapFrobeniusLoss()(OUTPUT[:1], TARGET[:1], weights[:1])
    torch.testing.assert_close(loss(OUTPUT, TARGET, weights), alone)
    # By default every image counts.
    default = HeatmapFrobeniusLoss()(OUTPUT, TARGET, weights)
    torch.testing.assert_close(default, alone / 2)
    assert loss(OUTPUT, TARGET, torch.zeros(N, K)) == 0
