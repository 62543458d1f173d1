"""The final layer of a recogniser with classes."""

from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor, nn

__all__ = ['PooledClassifier']


@MODELS.register_module()
class PooledClassifier(BaseModule):
    """Global average pooling and a linear layer: C_s of VGGFace2's networks.

    Args:
        in_channels (int): Channels C of the encoder's last map.
        num_classes (int): D, 8631 for VGGFace2.
        init_cfg (dict, optional): Initialisation. Defaults to ``None``.
    """

    def __init__(
        self,
        in_channels: int = 2048,
        num_classes: int = 8631,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(in_channels, num_classes)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Logits.

        Args:
            feats (tuple[Tensor]): Maps (N, C, h, w); the last is used.

        Returns:
            Tensor: (N, D).
        """
        return self.fc(self.pool(feats[-1]).flatten(1))
