"""The landmark head of MediaPipe's second face landmarker."""

from typing import NamedTuple

from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.backbones.face_landmarker_v2 import bottleneck_stage


class MeshOutputs(NamedTuple):
    """What the head gives for N faces.

    Attributes:
        points (Tensor): (N, 478, 3): x and y in pixels of the 256 x 256
            input, z on the scale of x, smaller towards the camera.
        presence (Tensor): Probability that the input shows a face, (N,).
    """

    points: Tensor
    presence: Tensor


@MODELS.register_module()
class FaceLandmarkerV2Head(BaseModule):
    """Final layers of :class:`FaceLandmarkerV2`: 478 points and presence.

    A sixth stage of five blocks halves the map of stride 64 to 2x2
    positions; a convolution of 2x2 then reads all of it. So the head works
    only on the 4x4 map of a 256 x 256 input. The published network's score of
    whether the tongue is out is left out.

    Args:
        in_channels (int): Channels of the map. Defaults to 128.
        num_points (int): Landmarks. Defaults to 478.
        init_cfg (dict or list[dict], optional): Initialization config.
            Defaults to None.
    """

    def __init__(
        self, in_channels: int = 128, num_points: int = 478, init_cfg=None
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.num_points = num_points
        self.stage6 = bottleneck_stage(in_channels, 64, in_channels)
        self.landmarks = nn.Conv2d(in_channels, 3 * num_points, 2)
        self.presence = nn.Conv2d(in_channels, 1, 2)

    def forward(self, feats: tuple[Tensor, ...]) -> MeshOutputs:
        """Find the points.

        Args:
            feats (tuple[Tensor]): Maps of the trunk; the last,
                (N, 128, 4, 4), is used.

        Raises:
            InputError: If the map is of another size.
        """
        x = feats[-1]
        if x.shape[-2:] != (4, 4):
            raise InputError(
                where='FaceLandmarkerV2Head: input',
                found=f'a map of {x.shape[-1]} x {x.shape[-2]} positions',
                expected='4 x 4, the last map of a 256 x 256 image',
            )
        x = self.stage6(x)
        points = self.landmarks(x).reshape(len(x), self.num_points, 3)
        return MeshOutputs(points, self.presence(x).flatten().sigmoid())
