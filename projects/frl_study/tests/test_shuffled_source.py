"""A teacher that sees another face of the batch."""

import pytest
import torch
from mmpose.models.data_preprocessors import PoseDataPreprocessor
from toy_models import ED, batch, build, model_config, teacher_file

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers import SourceModel
from projects.frl_study.control_teachers import ShuffledSourceModel

TOY = dict(backbone=dict(type='ToyEncoder'), head=dict(type='ToyClassifier'))


@pytest.fixture
def checkpoint(tmp_path):
    return teacher_file(tmp_path / 'teacher.pth')


def with_type(checkpoint, kind, **changes):
    config = model_config(checkpoint)['teacher'] | dict(type=kind, **changes)
    return dict(teacher=config, regularizers=ED)


def test_every_image_of_a_shuffled_batch_is_held_against_another(checkpoint):
    config = dict(TOY, checkpoint=checkpoint)
    straight, shuffled = SourceModel(**config), ShuffledSourceModel(**config)
    for model in (straight, shuffled):
        model.adapt_to(PoseDataPreprocessor())
    images = torch.rand(5, 3, 16, 16)
    expected, found = (
        model(images, with_final=True) for model in (straight, shuffled)
    )
    for theirs, ours in (
        *zip(expected.feats, found.feats),
        (expected.final, found.final),
    ):
        torch.testing.assert_close(ours[1:], theirs[:-1])
        torch.testing.assert_close(ours[0], theirs[-1])
        assert not any(torch.allclose(a, b) for a, b in zip(ours, theirs))


def test_the_term_of_a_shuffled_teacher_compares_different_images(
    checkpoint,
):
    losses = []
    for kind in ('SourceModel', 'ShuffledSourceModel'):
        model = build(checkpoint, **with_type(checkpoint, kind))
        model.eval()
        data = model.data_preprocessor(batch(4), False)
        losses.append(model(**data, mode='loss')['loss_ed'].item())
    # The student is the teacher as yet.
    assert losses[0] == pytest.approx(0, abs=1e-4)
    assert losses[1] > 0.01


def test_a_batch_of_one_image_cannot_be_shuffled(checkpoint):
    model = ShuffledSourceModel(**TOY, checkpoint=checkpoint)
    with pytest.raises(InputError, match='batch_size to 2 or more'):
        model(torch.rand(1, 3, 16, 16), with_final=False)
