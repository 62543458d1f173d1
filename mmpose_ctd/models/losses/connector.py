"""Maps a student's feature map to the teacher's number of channels."""

from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.errors import InputError

__all__ = ['PointwiseConnector']


@MODELS.register_module()
class PointwiseConnector(BaseModule):
    """A 1x1 convolution between two networks' maps.

    It belongs to a regulariser and trains with the student. Inference does
    not load it. Source: Romero et al., "FitNets: Hints for thin deep nets",
    ICLR 2015 (the regressor).

    Args:
        in_channels (int): Channels c of the student's map.
        out_channels (int): Channels C of the teacher's map.
        bias (bool): Whether there is an offset. Defaults to ``True``.
        init_cfg (dict, optional): Initialisation. Defaults to ``None``:
            torch's of a convolution.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        bias: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, c, h, w) to (N, C, h, w).

        Raises:
            InputError: If the map has another number of channels.
        """
        if x.dim() != 4 or x.shape[1] != self.conv.in_channels:
            raise InputError(
                where=f'connector: in_channels={self.conv.in_channels}',
                found=f'a student map (C, h, w) = {tuple(x.shape[1:])}',
                cure=f'Set in_channels={x.shape[1]}.',
            )
        return self.conv(x)
