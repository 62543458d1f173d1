import delta_oracle
import numpy as np
import pytest
import torch
from scipy.special import softmax
from toy_models import batch, build, teacher_file

from mmpose_ctd.apis.delta_weights import (
    channel_weights,
    loss_increases,
)
from mmpose_ctd.errors import InputError


@pytest.fixture
def model(tmp_path):
    model = build(teacher_file(tmp_path / 'teacher.pth'))
    torch.nn.init.normal_(model.head.final_layer.weight, std=0.3)
    return model


@pytest.mark.parametrize(('stage', 'channels'), [(-1, 8), (0, 6)])
def test_increases_are_those_of_brute_force(model, stage, channels):
    seen = []
    found, sizes = loss_increases(
        model, [batch(3), batch(2)], stage, seen.append
    )
    assert sizes == [3, 2] and seen == [channels] * 2 * channels
    for row, n in zip(found, sizes):
        wanted = delta_oracle.increases(model, batch(n), stage % 2)
        assert wanted.shape == (n, channels)
        np.testing.assert_allclose(
            row, wanted.mean(0), atol=1e-4 * np.abs(wanted).max()
        )


class InPlaceHead(torch.nn.Module):
    """Changes what it is given, as a head that begins with a ReLU may."""

    def loss(self, feats, samples, train_cfg):
        return dict(loss=feats[-1].add_(1).sum())


def test_a_head_may_work_in_place(model):
    model.head = InPlaceHead()
    found, _ = loss_increases(model, [batch(2)])
    images = model.data_preprocessor(batch(2))['inputs']
    wanted = -model.backbone(images)[-1].sum((0, 2, 3))
    torch.testing.assert_close(found[0].float(), wanted, rtol=1e-3, atol=0.05)


RANDOM = np.random.default_rng(0)


def test_the_authors_softmax_is_of_standardised_means():
    increases, sizes = RANDOM.normal(3, 100, (3, 7)), [4, 4, 1]
    mean = np.average(increases, axis=0, weights=sizes)
    wanted = softmax((mean - np.mean(mean)) / np.std(mean) / 5)
    found = channel_weights(torch.tensor(increases), sizes)
    np.testing.assert_allclose(found, wanted, rtol=1e-10)
    # Neither the loss's unit nor its offset counts.
    again = channel_weights(torch.tensor(increases) * 1e-6 + 2, sizes)
    np.testing.assert_allclose(found, again, rtol=1e-6)


def test_the_papers_softmax_is_the_images_mean():
    increases = RANDOM.normal(size=(3, 7))
    wanted = np.mean([softmax(row) for row in increases], axis=0)
    found = channel_weights(torch.tensor(increases), [1, 1, 1], 'paper')
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


def test_channels_that_do_not_differ_weigh_alike():
    found = channel_weights(torch.full((2, 4), 3.0), [1, 1])
    np.testing.assert_allclose(found, [0.25] * 4)
    with pytest.raises(InputError, match='not finite'):
        channel_weights(torch.tensor([[1.0, float('nan')]]), [1])


def test_no_images_and_a_stage_that_does_not_exist_are_errors(model):
    with pytest.raises(InputError, match='no images'):
        loss_increases(model, [])
    for stage in (2, -3):
        with pytest.raises(InputError, match=rf'stage {stage}.*2 feature map'):
            loss_increases(model, [batch(2)], stage)
