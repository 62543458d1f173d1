import numpy as np
import pytest
import torch

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.models import SourceOutputs
from mmpose_ctd.models.losses import DELTALoss

N, C, H, W = 3, 4, 5, 6
WEIGHTS = torch.tensor([0.1, 0.0, 0.7, 0.2])


def maps(seed, *shape):
    return torch.from_numpy(
        np.random.default_rng(seed).normal(size=shape or (N, C, H, W))
    )


def outputs(*feats):
    return SourceOutputs(tuple(feats))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'weights.pth'
    torch.save(dict(channel_weights=WEIGHTS, meta={}), path)
    return str(path)


def expected(a, b, weights):
    total = 0.0
    for x, y in zip(a.numpy(), b.numpy()):
        for j, weight in enumerate(weights):
            total += weight * np.linalg.norm(x[j] - y[j]) ** 2
    return total / len(a)


def test_it_is_the_formula(file):
    a, b = maps(1), maps(2)
    value = float(DELTALoss(2.5, file)(outputs(a), outputs(b)))
    wanted = 2.5 * expected(a, b, WEIGHTS.double().tolist())
    assert value == pytest.approx(wanted, rel=1e-10)


def test_without_a_file_all_channels_weigh_alike():
    a, b = maps(1), maps(2)
    value = float(DELTALoss(2.5)(outputs(a), outputs(b)))
    wanted = 2.5 * expected(a, b, [1 / C] * C)
    assert value == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize('weighted', [True, False])
def test_the_gradient_is_that_of_the_formula(file, weighted):
    a, b = maps(1, 2, C, 2, 3).requires_grad_(), maps(2, 2, C, 2, 3)
    loss = DELTALoss(channel_weights=file if weighted else None)
    assert torch.autograd.gradcheck(
        lambda x: loss(outputs(x), outputs(b)), (a,)
    )


def test_a_channel_without_weight_may_go_where_it_likes(file):
    a = maps(1)
    b = a.clone()
    b[:, 1] += 100
    assert float(DELTALoss(1.0, file)(outputs(a), outputs(b))) == 0
    assert float(DELTALoss()(outputs(a), outputs(b))) > 1


def test_precision_is_the_maps(file):
    loss = DELTALoss(1.0, file)
    for dtype, wanted in (
        (torch.bfloat16, torch.float32),
        (torch.float64, torch.float64),
    ):
        a, b = maps(1).to(dtype), maps(2).to(dtype)
        value = loss(outputs(a), outputs(b))
        assert value.dtype == wanted
        expects = expected(a.double(), b.double(), WEIGHTS.tolist())
        assert float(value) == pytest.approx(expects, rel=1e-5)


def test_the_weights_are_no_part_of_any_state(file):
    loss = DELTALoss(1.0, file)
    loss(outputs(maps(1)), outputs(maps(2)))
    assert not loss.state_dict() and not list(loss.parameters())


def test_testing_needs_no_file():
    DELTALoss(1.0, 'gone.pth')


def test_a_missing_file_is_named_with_its_cure():
    loss = DELTALoss(1.0, 'gone.pth')
    with pytest.raises(MissingFileError, match=r'gone.pth.*delta-weights'):
        loss(outputs(maps(1)), outputs(maps(2)))


def test_weights_of_another_encoder_are_refused(file):
    a = maps(1, N, 7, H, W)
    with pytest.raises(InputError, match=r'4 channel weights.*7 channels'):
        DELTALoss(1.0, file)(outputs(a), outputs(a))


class Exploit:
    def __reduce__(self):
        return print, ('run',)


@pytest.mark.parametrize(
    'content',
    [
        dict(state_dict={}),
        dict(channel_weights=[0.5, 0.5]),
        dict(channel_weights=torch.eye(2)),
        dict(channel_weights=torch.tensor([1, 0, 0, 0])),
        dict(channel_weights=torch.tensor([1.5, -0.5, 0, 0])),
        dict(channel_weights=torch.tensor([float('nan'), 1, 0, 0])),
        dict(channel_weights=torch.ones(4)),
        torch.ones(4) / 4,
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, content):
    path = tmp_path / 'odd.pth'
    torch.save(content, path)
    with pytest.raises(InputError, match=r'odd.pth.*channel_weights'):
        DELTALoss(1.0, str(path))(outputs(maps(1)), outputs(maps(2)))


def test_a_file_that_holds_code_is_refused(tmp_path, capsys):
    path = tmp_path / 'odd.pth'
    torch.save(dict(channel_weights=Exploit()), path)
    with pytest.raises(InputError, match='weights alone'):
        DELTALoss(1.0, str(path))(outputs(maps(1)), outputs(maps(2)))
    assert not capsys.readouterr().out


def test_numbers_are_no_file():
    with pytest.raises(InputError, match=r'channel_weights=\[1.*a file'):
        DELTALoss(channel_weights=[1, 2])
