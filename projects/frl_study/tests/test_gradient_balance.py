"""How hard each loss pulls at the encoder."""

import copy

import pytest
import torch
from mmengine.config import Config
from toy_models import CD, ED, batch, build, model_config, teacher_file

from mmpose_ctd.errors import InputError
from projects.frl_study.diagnostics.gradient_balance import gradient_balance


@pytest.fixture
def config(tmp_path):
    source = teacher_file(tmp_path / 'teacher.pth')
    both = copy.deepcopy(ED | CD)
    return Config(dict(model=model_config(source, regularizers=both)))


def model_of(config):
    torch.manual_seed(0)
    return build(**{k: v for k, v in config.model.items() if k != 'type'})


def balance(config, checkpoints, batches):
    torch.manual_seed(0)
    return gradient_balance(config, checkpoints, batches)


def by_backward(model, data, name):
    """The gradient that the optimiser would get of one loss alone."""
    model = copy.deepcopy(model)
    model.train()
    data = model.data_preprocessor(data, True)
    loss = model.loss(data['inputs'], data['data_samples'])[name]
    loss.backward()
    return loss.item(), torch.cat(
        [
            (torch.zeros_like(p) if p.grad is None else p.grad).flatten()
            for p in model.backbone.parameters()
        ]
    )


def test_pulls_are_those_of_backward(config):
    model = model_of(config)
    (start,) = balance(config, [], [batch(4)])
    assert list(start) == ['landmarks', 'ed', 'cd']
    names = dict(landmarks='loss_kpt', ed='loss_ed', cd='loss_cd')
    task = by_backward(model, batch(4), 'loss_kpt')[1]
    for name, pull in start.items():
        value, gradient = by_backward(model, batch(4), names[name])
        assert pull.value == pytest.approx(value, rel=1e-5)
        assert pull.gradient == pytest.approx(gradient.norm().item(), rel=1e-4)
        assert pull.share == pytest.approx(
            (gradient.norm() / task.norm()).item(), rel=1e-4
        )
        cosine = gradient @ task / (gradient.norm() * task.norm())
        assert pull.cosine == pytest.approx(cosine.item(), abs=1e-4)
    assert start['landmarks'].share == pytest.approx(1)
    assert start['landmarks'].cosine == pytest.approx(1)


def test_a_weight_ten_times_as_large_pulls_ten_times_as_hard(config):
    (before,) = balance(config, [], [batch(4)])
    config.model.regularizers.ed.loss_weight *= 10
    (after,) = balance(config, [], [batch(4)])
    assert after['ed'].share == pytest.approx(10 * before['ed'].share)
    assert after['ed'].cosine == pytest.approx(before['ed'].cosine, abs=1e-6)
    assert after['cd'] == before['cd']


def test_numbers_are_means_over_batches_and_no_batch_moves_another(config):
    few, many = batch(2), batch(6)
    (together,) = balance(config, [], [few, many])
    (first,) = balance(config, [], [few])
    (second,) = balance(config, [], [many])
    for name in together:
        for field in ('value', 'gradient', 'share', 'cosine'):
            mean = (
                getattr(first[name], field) + getattr(second[name], field)
            ) / 2
            assert getattr(together[name], field) == pytest.approx(mean)


def test_checkpoints_follow_the_start(config, tmp_path):
    model = model_of(config)
    for value in model.backbone.parameters():
        value.data += 0.2
    state = model.state_dict()
    torch.save(dict(state_dict=state, meta={}), tmp_path / 'moved.pth')
    start, moved = balance(config, [str(tmp_path / 'moved.pth')], [batch(4)])
    assert (start,) == tuple(balance(config, [], [batch(4)]))
    value, gradient = by_backward(model, batch(4), 'loss_ed')
    assert moved['ed'].value == pytest.approx(value, rel=1e-5)
    assert moved['ed'].gradient == pytest.approx(
        gradient.norm().item(), rel=1e-4
    )


def test_the_start_is_that_of_load_from(config, tmp_path):
    model = model_of(config)
    for value in model.parameters():
        value.data += 0.2
    state = model.state_dict()
    # A head of another number of landmarks, which the Runner leaves out.
    state['head.final_layer.weight'] = torch.zeros(7, 8, 1, 1)
    config.load_from = str(tmp_path / 'other.pth')
    torch.save(dict(state_dict=state, meta={}), config.load_from)
    (start,) = balance(config, [], [batch(4)])
    value, _ = by_backward(model, batch(4), 'loss_ed')
    assert start['ed'].value == pytest.approx(value, rel=1e-5)


def where(config, batches):
    """The place of the error."""
    with pytest.raises(InputError) as error:
        balance(config, [], batches)
    return error.value.where


def test_what_no_loss_pulls_at_is_refused(config):
    unlabelled = batch(2)
    for sample in unlabelled['data_samples']:
        sample.gt_instance_labels.keypoint_weights[:] = 0
    assert where(config, [unlabelled]) == 'The landmark loss of a batch'
    config.model.frozen = ['backbone']
    assert where(config, [batch(4)]) == 'model.frozen'


def test_nothing_to_compare_is_refused(config):
    assert where(config, []) == 'train_dataloader'
    for term in config.model.regularizers.values():
        term.loss_weight = 0.0
    assert where(config, [batch(4)]) == 'model.regularizers'
    config.model.type = 'TopdownPoseEstimator'
    for key in ('teacher', 'regularizers'):
        del config.model[key]
    assert where(config, [batch(4)]) == 'model.regularizers'
