"""The estimator by itself; what the Runner makes of it is tested beside."""

import copy

import pytest
import torch
from landmark_set import logged
from mmengine.logging import MessageHub
from mmpose.registry import MODELS
from refusals import refused
from toy_models import CD, ED, batch, build, model_config

from mmpose_ctd.models.losses.distill_loss import StageDistillLoss
from mmpose_ctd.models.teachers import SourceModel


@pytest.fixture(scope='module')
def data():
    return batch()


def losses_of(model, data):
    data = model.data_preprocessor(copy.deepcopy(data), True)
    return model(**data, mode='loss')


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
    connector = dict(in_channels=8, out_channels=8)
    for every in (1, 3):
        torch.manual_seed(0)
        terms = ed_with(connector=connector, every=every)
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


def test_layout_changes_no_number(checkpoint, data):
    values = []
    for channels_last in (False, True):
        torch.manual_seed(0)
        model = build(checkpoint, regularizers=ED, channels_last=channels_last)
        values.append({k: float(v) for k, v in losses_of(model, data).items()})
    assert values[0] == pytest.approx(values[1], rel=1e-5)
    weight = model.backbone.stages[1][0].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_the_teacher_follows_the_model(checkpoint):
    model = build(checkpoint, regularizers=ED)
    model.double()
    assert {p.dtype for p in model.teacher.parameters()} == {torch.float64}
    model.to(torch.float32)
    assert {p.dtype for p in model.teacher.parameters()} == {torch.float32}
    model.to('meta')
    assert {p.device.type for p in model.teacher.parameters()} == {'meta'}


def ed_with(**options):
    return dict(ed=ED['ed'] | options)


@pytest.mark.parametrize(
    ('terms', 'where'),
    [
        # A misspelt name, as an option makes it.
        (ED | dict(de=dict(loss_weight=3)), 'model.regularizers.de'),
        ([1], 'model.regularizers'),
        (ed_with(stage=[0, 1]), 'EncoderDistillLoss: stage'),
        (ed_with(connector=1), 'EncoderDistillLoss: connector'),
        (ed_with(every=0), 'model.regularizers.ed.every'),
        (ed_with(every=1.5), 'model.regularizers.ed.every'),
        (
            dict(odd=dict(type='HeatmapFrobeniusLoss')),
            'model.regularizers.odd',
        ),
    ],
)
def test_values_of_the_wrong_kind_are_refused(checkpoint, terms, where):
    with refused(where):
        build(checkpoint, regularizers=terms)
    with refused('model.teacher'):
        build(None, regularizers=ED, teacher=None)


@MODELS.register_module()
class OwnDistance(StageDistillLoss):
    """A term of somebody else's, whose ``distance`` is ``OwnDistance.is_``."""

    reads_one_stage = True

    def distance(self, student, teacher):
        return type(self).is_(self.maps(student, teacher)[0])


@pytest.mark.parametrize(
    'distance',
    [lambda maps: None, lambda maps: maps.mean(), lambda maps: maps],
)
def test_a_distance_is_a_number_of_each_image(
    checkpoint, data, monkeypatch, distance
):
    monkeypatch.setattr(OwnDistance, 'is_', distance, raising=False)
    model = build(checkpoint, regularizers=dict(own=dict(type='OwnDistance')))
    with refused('OwnDistance.distance'):
        losses_of(model, data)


def test_what_a_start_and_a_teacher_lack_is_said(checkpoint):
    convention = dict(
        type='PoseDataPreprocessor',
        mean=[0.0, 0.0, 0.0],
        std=[255.0, 255.0, 255.0],
        bgr_to_rgb=True,
    )
    teacher = model_config(checkpoint)['teacher']

    def said(**changes):
        with logged() as lines:
            build(checkpoint, regularizers=ED, **changes)
        return ' '.join(lines)

    usual = said()
    seen = dict(teacher, data_preprocessor=convention)
    assert 'data_preprocessor gives' not in usual
    assert 'data_preprocessor gives' in said(teacher=seen)
    assert 'weights are random' not in usual
    nothing = {k: v for k, v in teacher.items() if k != 'checkpoint'}
    assert 'weights are random' in said(
        teacher=nothing, init_from_teacher=False
    )
    unseen = {k: v for k, v in seen.items() if k != 'data_preprocessor'}
    assert 'teacher.data_preprocessor is not set' in said(teacher=unseen)


def test_two_starts_of_the_backbone_are_refused(checkpoint):
    backbone = model_config()['backbone'] | dict(
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint)
    )
    with refused('model.backbone.init_cfg', cure='init_from_teacher=False'):
        build(checkpoint, regularizers=ED, backbone=backbone)


def test_a_term_cannot_take_the_place_of_the_heads_loss(checkpoint, data):
    model = build(checkpoint, regularizers=dict(kpt=ED['ed']))
    with refused('model.regularizers.kpt'):
        losses_of(model, data)


def ed_of(stage):
    return {f'ed{stage}': dict(type='EncoderDistillLoss', stage=stage)}


@pytest.mark.parametrize(
    'terms, stages',
    [
        (ed_of(0), [0]),
        (ed_of(0) | ed_of(-1), [0, -1]),
        # C_s and weights are those of the whole network.
        (ed_of(0) | CD, []),
        (ed_of(0) | dict(l2sp=dict(type='L2SPLoss')), []),
    ],
)
def test_the_teacher_may_stop_after_the_last_stage_of_the_terms(
    checkpoint, monkeypatch, terms, stages
):
    asked = []
    monkeypatch.setattr(
        SourceModel, 'stop_after', lambda self, *stages: asked.extend(stages)
    )
    build(checkpoint, regularizers=terms)
    assert asked == stages
