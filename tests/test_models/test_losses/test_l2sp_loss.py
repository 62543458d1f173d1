import pytest
import torch
from refusals import refused

from mmpose_ctd.models import SourceOutputs
from mmpose_ctd.models.losses import L2SPLoss

SHAPES = {
    'backbone.conv.weight': (4, 3, 2, 2),
    'backbone.bn.weight': (4,),
    'backbone.bn.bias': (4,),
    'neck.conv.weight': (2, 4, 1, 1),
    'head.fc.weight': (3, 2),
    'head.fc.bias': (3,),
}


def weights(seed, shapes=SHAPES):
    random = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(*shape, generator=random, dtype=torch.float64)
        for name, shape in shapes.items()
    }


def student(shapes=SHAPES):
    return SourceOutputs(weights=weights(1, shapes))


def teacher(shapes=SHAPES):
    own = weights(2, shapes)
    return SourceOutputs(
        weights={k: v for k, v in own.items() if k.startswith('backbone.')}
    )


def expected(alpha, beta, names):
    """The formula, number by number."""
    ours, start = weights(1), weights(2)
    total = 0.0
    for name in names:
        shared = name.startswith('backbone.')
        for w, w0 in zip(ours[name].ravel(), start[name].ravel()):
            if shared:
                total += alpha / 2 * float(w - w0) ** 2
            else:
                total += beta / 2 * float(w) ** 2
    return total


@pytest.mark.parametrize(
    ('options', 'names'),
    [
        (
            dict(),
            ['backbone.conv.weight', 'neck.conv.weight', 'head.fc.weight'],
        ),
        (dict(vectors=True), list(SHAPES)),
        (
            dict(vectors=True, exclude=['*.bias', 'neck.*']),
            ['backbone.conv.weight', 'backbone.bn.weight', 'head.fc.weight'],
        ),
    ],
)
def test_it_is_the_formula(options, names):
    loss = L2SPLoss(3.0, alpha=0.7, beta=0.2, **options)
    value = float(loss(student(), teacher()))
    wanted = 3.0 * expected(0.7, 0.2, names)
    assert value == pytest.approx(wanted, rel=1e-10)


def test_the_gradient_is_that_of_the_formula():
    ours = {n: v.requires_grad_() for n, v in weights(1).items()}
    loss = L2SPLoss(3.0, alpha=0.7, beta=0.2, vectors=True)
    loss(SourceOutputs(weights=ours), teacher()).backward()
    start = weights(2)
    for name, value in ours.items():
        pulled = name.startswith('backbone.')
        wanted = 2.1 * (value - start[name]) if pulled else 0.6 * value
        torch.testing.assert_close(value.grad, wanted)


def test_what_is_frozen_does_not_count():
    only_head = {n: s for n, s in SHAPES.items() if n.startswith('head')}
    value = float(L2SPLoss(beta=0.2)(student(only_head), teacher()))
    wanted = 0.1 * float(weights(1, only_head)['head.fc.weight'].norm() ** 2)
    assert value == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize('shape', [None, (4, 3, 1, 1)])
def test_an_encoder_that_did_not_start_from_the_source_is_refused(shape):
    theirs = dict(SHAPES)
    if shape is None:
        del theirs['backbone.conv.weight']
    else:
        theirs['backbone.conv.weight'] = shape
    with refused(found=['1 of 1', 'backbone.conv.weight']):
        L2SPLoss()(student(), teacher(theirs))
    loss = L2SPLoss(exclude=['backbone.conv.*'])
    assert float(loss(student(), teacher(theirs))) > 0


@pytest.mark.parametrize(
    ('key', 'value'),
    [('alpha', -1), ('beta', float('inf')), ('exclude', 'head.*')],
)
def test_wrong_arguments_are_named(key, value):
    with refused(f'L2SPLoss: {key}', found=repr(value)):
        L2SPLoss(**{key: value})


@pytest.mark.parametrize('pattern', ['hed.*', '*'])
def test_patterns_that_match_nothing_or_all_are_refused(pattern):
    with refused(found=repr(pattern)) as error:
        L2SPLoss(exclude=[pattern])(student(), teacher())
    assert error.value.where.startswith('L2SPLoss')
