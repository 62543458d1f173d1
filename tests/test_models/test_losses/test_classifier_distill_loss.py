import numpy as np
import pytest
import torch
from refusals import refused
from scipy.special import rel_entr, softmax

from mmpose_ctd.models import SourceOutputs
from mmpose_ctd.models.losses import ClassifierDistillLoss

RANDOM = np.random.default_rng(0)
OURS, THEIRS = RANDOM.normal(scale=3, size=(2, 4, 7))


def outputs(final):
    return SourceOutputs((), torch.as_tensor(final))


@pytest.mark.parametrize('temperature', [1.0, 4.0])
def test_l2_is_the_formula(temperature):
    p, q = (softmax(x / temperature, axis=1) for x in (OURS, THEIRS))
    wanted = 3.0 * np.mean(np.sum((p - q) ** 2, axis=1))
    loss = ClassifierDistillLoss(3.0, temperature)
    value = float(loss(outputs(OURS), outputs(THEIRS)))
    assert value == pytest.approx(wanted, rel=1e-5)


def test_kl_is_hintons_with_the_teacher_as_truth():
    p, q = (softmax(x / 2.0, axis=1) for x in (OURS, THEIRS))
    wanted = 4.0 * np.mean(np.sum(rel_entr(q, p), axis=1))
    loss = ClassifierDistillLoss(1.0, 2.0, distance='kl')
    value = float(loss(outputs(OURS), outputs(THEIRS)))
    assert value == pytest.approx(wanted, rel=1e-5)


def test_the_gradient_is_the_closed_form():
    p, q = softmax(OURS, axis=1), softmax(THEIRS, axis=1)
    d = 2 * (p - q) / len(p)
    wanted = p * (d - np.sum(d * p, axis=1, keepdims=True))
    ours = torch.tensor(OURS, requires_grad=True)
    ClassifierDistillLoss()(
        SourceOutputs((), ours), outputs(THEIRS)
    ).backward()
    np.testing.assert_allclose(ours.grad, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ('key', 'value'), [('temperature', 0), ('distance', 'l1')]
)
def test_wrong_arguments_are_named(key, value):
    with refused(f'ClassifierDistillLoss: {key}', found=repr(value)):
        ClassifierDistillLoss(**{key: value})
