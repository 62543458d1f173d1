import numpy as np
import pytest
import torch
from loss_maps import C, H, N, W, gradient_is_right, maps, value_of
from refusals import refused

from mmpose_ctd.errors import MissingFileError
from mmpose_ctd.models.losses import DELTALoss

WEIGHTS = torch.tensor([0.1, 0.0, 0.7, 0.2])


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


@pytest.mark.parametrize('weighted', [True, False])
def test_it_is_the_formula(file, weighted):
    weights = WEIGHTS.double().tolist() if weighted else [1 / C] * C
    loss = DELTALoss(2.5, file if weighted else None)
    a, b = maps(1), maps(2)
    wanted = 2.5 * expected(a, b, weights)
    assert value_of(loss, a, b) == pytest.approx(wanted, rel=1e-10)
    assert gradient_is_right(loss, maps(1, 2, C, 2, 3), maps(2, 2, C, 2, 3))
    # The weights are no part of any state.
    assert not loss.state_dict() and not list(loss.parameters())


def test_a_missing_file_is_named_when_it_is_needed():
    # Testing needs no file.
    loss = DELTALoss(1.0, 'gone.pth')
    with refused(
        cure='delta-weights', within='gone.pth', kind=MissingFileError
    ):
        value_of(loss, maps(1), maps(2))


def test_weights_of_another_encoder_are_refused(file):
    a = maps(1, N, 7, H, W)
    with refused(found='4 ', expected='7'):
        value_of(DELTALoss(1.0, file), a, a)


class Exploit:
    def __reduce__(self):
        return print, ('run',)


@pytest.mark.parametrize(
    'content',
    [
        dict(state_dict={}),
        dict(channel_weights=torch.tensor([1.5, -0.5, 0, 0])),
        dict(channel_weights=torch.tensor([float('nan'), 1, 0, 0])),
        dict(channel_weights=Exploit()),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, content, capsys):
    path = tmp_path / 'odd.pth'
    torch.save(content, path)
    with refused(within='odd.pth'):
        value_of(DELTALoss(1.0, str(path)), maps(1), maps(2))
    assert not capsys.readouterr().out


def test_numbers_are_no_file():
    with refused('DELTALoss: channel_weights'):
        DELTALoss(channel_weights=[1, 2])
