"""The final layers of a recogniser with classes."""

from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class PooledClassifier(BaseModule):
    """Global average pooling and a linear layer: C_s of VGGFace2's networks.

    Networks with an embedding of 128 or 256 dimensions have a second linear
    layer, ``reduce``, before the classifier. They are published without the
    classifier; the embedding then replaces the logits. With neither, the
    pooled map is the embedding, as in FaceRes.

    Args:
        in_channels (int): Channels C of the encoder's last map. Defaults to
            2048.
        num_classes (int, optional): Number of classes, 8631 for VGGFace2;
            ``None`` for no classifier. Defaults to 8631.
        embedding_dim (int, optional): Length of the embedding between
            pooling and classifier. Defaults to ``None``: the classifier
            reads the pooled map.
        init_cfg (dict, optional): Initialisation. Defaults to ``None``.
    """

    def __init__(
        self,
        in_channels: int = 2048,
        num_classes: int | None = 8631,
        embedding_dim: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.reduce = self.fc = None
        if embedding_dim is not None:
            self.reduce = nn.Linear(in_channels, embedding_dim)
            in_channels = embedding_dim
        if num_classes is not None:
            self.fc = nn.Linear(in_channels, num_classes)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Logits, or the embedding where there is no classifier.

        Args:
            feats (tuple[Tensor]): Maps (N, C, h, w); the last is used.

        Returns:
            Tensor: (N, D), D being ``num_classes``, ``embedding_dim`` or C.
        """
        x = self.pool(feats[-1]).flatten(1)
        for layer in (self.reduce, self.fc):
            if layer is not None:
                x = layer(x)
        return x
