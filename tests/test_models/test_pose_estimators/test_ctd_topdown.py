"""The estimator by itself; what the Runner makes of it is tested beside."""

import copy

import pytest
import torch
from mmengine.logging import MessageHub
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import MODELS
from refusals import refused
from toy_models import CD, ED, batch, build, model_config


@pytest.fixture(scope='module')
def data():
    return batch()


def losses_of(model, data):
    data = model.data_preprocessor(copy.deepcopy(data), True)
    return model(**data, mode='loss')


def plain(config):
    """MMPose's own model of the same backbone and head."""
    ours = ('teacher', 'regularizers', 'init_from_teacher', 'channels_last')
    config = {k: v for k, v in config.items() if k not in ours}
    return MODELS.build(config | dict(type='TopdownPoseEstimator'))


@pytest.mark.parametrize('terms', [{}, ED | CD])
def test_the_state_dict_is_mmposes(checkpoint, terms):
    model = build(checkpoint, regularizers=terms)
    vanilla = plain(model_config())
    assert list(model.state_dict()) == list(vanilla.state_dict())
    vanilla.load_state_dict(model.state_dict(), strict=True)
    assert [n for n, _ in model.named_parameters()] == [
        n for n, _ in vanilla.named_parameters()
    ]
    assert isinstance(model, TopdownPoseEstimator)


def test_the_teacher_is_no_part_of_the_model(checkpoint):
    model = build(checkpoint, regularizers=ED)
    theirs = {id(p) for p in model.teacher.parameters()}
    assert theirs
    assert not theirs & {id(p) for p in model.parameters()}
    assert model.teacher not in list(model.modules())
    twin = copy.deepcopy(model)
    assert twin.teacher is model.teacher
    assert twin.backbone is not model.backbone


@pytest.mark.parametrize(
    'terms',
    [
        None,
        {},
        dict(ed=None),
        dict(ed=dict(type='EncoderDistillLoss', loss_weight=0.0)),
    ],
)
def test_without_weight_no_teacher_is_built(checkpoint, terms):
    assert build(checkpoint, regularizers=terms).teacher is None


def test_no_teacher_before_init_weights(checkpoint, data):
    model = MODELS.build(model_config(checkpoint, regularizers=ED))
    assert model.teacher is None
    with pytest.raises(RuntimeError, match='init_weights'):
        losses_of(model, data)


def test_the_student_starts_as_the_teacher(checkpoint, data):
    model = build(checkpoint, regularizers=ED)
    model.eval()
    # Bit by bit: no rounding by folding.
    model.teacher.fold_batch_norms = False
    images = model.data_preprocessor(copy.deepcopy(data))['inputs']
    ours = model.backbone(images)
    theirs = model.teacher(images, with_final=False).feats
    for a, b in zip(ours, theirs):
        assert torch.equal(a, b)


def test_the_losses_are_the_terms_on_both_features(checkpoint, data):
    model = build(checkpoint, regularizers=ED | CD).train()
    reference = copy.deepcopy(model)
    losses = losses_of(model, data)
    assert set(losses) == {'loss_kpt', 'loss_ed', 'loss_cd'}
    images = reference.data_preprocessor(copy.deepcopy(data), True)['inputs']
    feats = reference.backbone(images)
    teacher = model.teacher(images, with_final=True)
    cosine = torch.cosine_similarity(
        feats[-1].flatten(1), teacher.feats[-1].flatten(1)
    )
    assert losses['loss_ed'].item() == pytest.approx(
        10 * float((1 - cosine).mean()), rel=1e-5
    )
    p, q = (
        torch.softmax(x, 1) for x in (model.teacher.head(feats), teacher.final)
    )
    assert losses['loss_cd'].item() == pytest.approx(
        10 * float((p - q).square().sum(1).mean()), rel=1e-4
    )
    assert losses['loss_ed'].requires_grad


def test_a_lazy_term_weighs_as_much_in_fewer_steps(checkpoint, data):
    """Over k steps of equal weights the gradients are those of each step."""
    hub = MessageHub.get_instance('lazy')
    calls, totals = {1: [], 3: []}, {}
    with_connector = dict(
        ED['ed'], connector=dict(in_channels=8, out_channels=8)
    )
    for every in (1, 3):
        torch.manual_seed(0)
        terms = dict(ed=dict(with_connector, every=every))
        model = build(checkpoint, regularizers=terms).train()
        ran = calls[every]
        model.teacher.register_forward_hook(
            lambda *_, ran=ran: ran.append(True)
        )
        for step in range(3, 9):
            hub.update_info('iter', step)
            sum(losses_of(model, data).values()).backward()
        # DDP waits for a gradient of each, at each step.
        assert all(p.grad is not None for p in model.parameters())
        totals[every] = [
            p.grad for p in model.regularizers['ed'].parameters()
        ] + [p.grad for p in model.backbone.parameters()]
    assert (len(calls[1]), len(calls[3])) == (6, 2)
    for ours, theirs in zip(totals[3], totals[1], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('every', [0, 1.5])
def test_a_wrong_interval_of_a_term_is_refused(checkpoint, every):
    with refused('model.regularizers.ed.every'):
        build(checkpoint, regularizers=dict(ed=dict(ED['ed'], every=every)))


def test_weight_zero_is_plain_fine_tuning_bit_by_bit(checkpoint, data):
    zero = dict(ed=dict(type='EncoderDistillLoss', loss_weight=0.0))
    states = []
    for terms in ({}, zero):
        torch.manual_seed(0)
        model = build(checkpoint, regularizers=terms).train()
        optimizer = torch.optim.Adam(model.parameters(), 1e-2)
        for _ in range(3):
            optimizer.zero_grad()
            losses = losses_of(model, data)
            assert set(losses) == {'loss_kpt'}
            losses['loss_kpt'].backward()
            optimizer.step()
        states.append(model.state_dict())
    a, b = states
    assert all(torch.equal(a[k], b[k]) for k in a)


def test_the_training_accuracy_of_mmpose_can_be_asked_for(checkpoint, data):
    model = build(checkpoint, train_cfg=dict(compute_acc=True))
    with torch.autocast('cpu', torch.bfloat16):
        assert 'acc_pose' in losses_of(model, data)


def test_the_teacher_follows_the_model(checkpoint):
    model = build(checkpoint, regularizers=ED)
    model.double()
    assert {p.dtype for p in model.teacher.parameters()} == {torch.float64}
    model.to(torch.float32)
    assert {p.dtype for p in model.teacher.parameters()} == {torch.float32}
    model.to('meta')
    assert {p.device.type for p in model.teacher.parameters()} == {'meta'}


def test_regularisers_need_a_teacher():
    with refused('model.teacher'):
        build(None, regularizers=ED, teacher=None)


def test_a_term_must_be_a_regulariser(checkpoint):
    terms = dict(odd=dict(type='HeatmapFrobeniusLoss'))
    with refused('model.regularizers.odd'):
        build(checkpoint, regularizers=terms)


def test_a_term_cannot_take_the_place_of_the_heads_loss(checkpoint, data):
    model = build(checkpoint, regularizers=dict(kpt=ED['ed']))
    with refused('model.regularizers.kpt'):
        losses_of(model, data)


def test_another_backbone_says_how_to_go_on(checkpoint):
    backbone = dict(type='ToyEncoder', channels=(6, 8, 8), out_indices=(1,))
    with refused(cure='init_from_teacher=False', within='into model.backbone'):
        build(checkpoint, backbone=backbone)
