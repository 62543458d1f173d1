"""SFace's final layers: from feature map to face embedding."""

import torch.nn as nn
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor

BN_EPS = 2e-5


@MODELS.register_module()
class SFaceEmbedding(BaseModule):
    """SFace's final layers: the encoder's last map to an embedding.

    BatchNorm, a flattened grid of ``pool_size`` x ``pool_size`` positions,
    one linear layer and a BatchNorm over the embedding. SFace is published
    without a classifier; the embedding replaces the logits.

    The linear layer has a weight for every position of the 7 x 7 map of a
    112 x 112 input. Maps of another size are average-pooled to that grid. The
    published graph also has a dropout, which only acts in training.

    Args:
        in_channels (int): Channels of the map. Defaults to 1024.
        pool_size (int): Height and width, in positions, of the grid that
            the linear layer reads. Defaults to 7.
        embedding_dim (int): Length D of the embedding. Defaults to 128.
        init_cfg (dict or list[dict], optional): Initialization config.
            Defaults to None.
    """

    def __init__(
        self,
        in_channels: int = 1024,
        pool_size: int = 7,
        embedding_dim: int = 128,
        init_cfg=None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.pool_size = pool_size
        self.bn1 = nn.BatchNorm2d(in_channels, eps=BN_EPS)
        self.pre_fc1 = nn.Linear(in_channels * pool_size**2, embedding_dim)
        self.fc1 = nn.BatchNorm1d(embedding_dim, eps=BN_EPS)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Embed the last of the maps.

        Args:
            feats (tuple[Tensor]): Feature maps of the encoder; the last,
                (N, C, h, w), is used.

        Returns:
            Tensor: Embeddings, (N, D), not normalised.
        """
        x = self.bn1(feats[-1])
        grid = (self.pool_size, self.pool_size)
        if x.shape[-2:] != grid:
            x = F.adaptive_avg_pool2d(x, grid)
        return self.fc1(self.pre_fc1(x.flatten(1)))
