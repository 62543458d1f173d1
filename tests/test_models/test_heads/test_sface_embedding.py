import pytest
import torch
from torch import nn

from mmpose_ctd.models.heads import SFaceEmbedding


def random_head(**kwargs) -> SFaceEmbedding:
    torch.manual_seed(0)
    head = SFaceEmbedding(**kwargs)
    for module in (head.bn1, head.fc1):
        # Variances so small that the epsilon, 2e-5, shows.
        nn.init.uniform_(module.running_var, 1e-4, 1e-3)
        nn.init.uniform_(module.running_mean, -0.1, 0.1)
        nn.init.uniform_(module.weight, -1, 1)
        nn.init.uniform_(module.bias, -0.2, 0.2)
    return head.eval()


def plain_embedding(head: SFaceEmbedding, x: torch.Tensor) -> torch.Tensor:
    """The published formula for a 7 x 7 map, position by position."""
    w = dict(head.named_parameters()) | dict(head.named_buffers())

    def norm(name, x, axis):
        shape = [1] * x.ndim
        shape[axis] = -1
        gamma, beta, mean, var = (
            w[f'{name}.{key}'].view(shape)
            for key in ('weight', 'bias', 'running_mean', 'running_var')
        )
        return (x - mean) / (var + 2e-5).sqrt() * gamma + beta

    x = norm('bn1', x, 1)
    n, c, rows, columns = x.shape
    weight = w['pre_fc1.weight'].view(-1, c, rows, columns)
    x = torch.einsum('nchw,dchw->nd', x, weight) + w['pre_fc1.bias']
    return norm('fc1', x, 1)


@pytest.mark.parametrize('batch', [1, 3])
@torch.no_grad()
def test_embedding_is_the_published_formula_on_the_last_map(batch):
    head = random_head()
    x = torch.rand(batch, 1024, 7, 7)
    unused = torch.rand(batch, 512, 14, 14)
    ours = head((unused, x))
    assert ours.shape == (batch, 128)
    torch.testing.assert_close(
        ours, plain_embedding(head, x), rtol=1e-4, atol=1e-3
    )


@torch.no_grad()
def test_another_map_is_averaged_over_the_grid():
    head = random_head(in_channels=8, embedding_dim=4)
    x = torch.rand(1, 8, 7, 7)
    # Every position four times: its average is itself.
    doubled = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(
        head((doubled,)), head((x,)), rtol=1e-4, atol=1e-4
    )
    for size in [(16, 16), (4, 6), (7, 9)]:
        assert head((torch.rand(2, 8, *size),)).shape == (2, 4)
