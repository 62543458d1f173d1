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
