"""A teacher of random weights, which knows nothing."""

import pytest
import torch
from mmpose.registry import MODELS
from toy_models import ED, PREPROCESSOR, build, model_config

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers import RandomSourceModel, SourceModel

TOY = dict(backbone=dict(type='ToyEncoder'), head=dict(type='ToyClassifier'))
SFACE = dict(
    backbone=dict(type='SFaceNet', out_indices=(0, 1, 2, 3)),
    head=dict(type='SFaceEmbedding'),
    data_preprocessor=PREPROCESSOR,
)


def states_equal(ours, theirs):
    ours, theirs = ours.state_dict(), theirs.state_dict()
    return set(ours) == set(theirs) and all(
        torch.equal(ours[key], theirs[key]) for key in ours
    )


def test_a_random_teacher_depends_on_its_seed_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first = RandomSourceModel(**TOY, seed=3)
    # It draws none of the program's random numbers.
    assert torch.equal(torch.rand(3), expected)
    assert states_equal(first, RandomSourceModel(**TOY, seed=3))
    other = RandomSourceModel(**TOY, seed=4)
    assert not torch.equal(
        first.backbone.stages[0][0].weight, other.backbone.stages[0][0].weight
    )


def test_it_holds_nothing_of_the_file_that_the_student_starts_from(
    checkpoint,
):
    config = model_config(checkpoint)['teacher']
    config['type'] = 'RandomSourceModel'
    model = build(checkpoint, teacher=config, regularizers=ED)
    learned = build(checkpoint, regularizers=ED)
    assert states_equal(model.backbone, learned.backbone)
    assert states_equal(model.backbone, learned.teacher.backbone)
    pairs = zip(
        model.teacher.parameters(), learned.teacher.parameters(), strict=True
    )
    assert not any(
        torch.equal(a, b) for a, b in pairs if a.dim() > 1 or a.std() > 0
    )


def test_its_activations_neither_vanish_nor_explode():
    deep = RandomSourceModel(**SFACE, input_size=(48, 48))
    deep.adapt_to(MODELS.build(PREPROCESSOR))
    # Photographs are brighter, darker and smoother than noise.
    torch.manual_seed(0)
    faces = torch.nn.functional.interpolate(
        torch.randn(8, 3, 8, 8), size=(96, 96), mode='bicubic'
    )
    outputs = deep(faces, with_final=True)
    for feats in (*outputs.feats, outputs.final):
        assert 0.1 < feats.std() < 10
    # Without measured statistics they would vanish.
    torch.manual_seed(0)
    plain = SourceModel(**SFACE)
    plain.adapt_to(MODELS.build(PREPROCESSOR))
    assert plain(faces, with_final=False).feats[-1].std() < 1e-3


def test_a_random_teacher_refuses_trained_weights():
    trained = dict(
        type='ToyEncoder',
        init_cfg=dict(type='Constant', layer='Conv2d', val=0.5),
    )
    RandomSourceModel(backbone=trained)
    trained['init_cfg'] = [
        trained['init_cfg'],
        dict(type='Pretrained', checkpoint='x.pth'),
    ]
    with pytest.raises(InputError) as error:
        RandomSourceModel(backbone=trained)
    assert error.value.where.endswith('backbone.init_cfg.1')
    network = dict(type='mmpretrain.ImageClassifier', pretrained='x.pth')
    with pytest.raises(InputError) as error:
        RandomSourceModel(classifier=network)
    assert error.value.where.endswith('classifier.pretrained')
