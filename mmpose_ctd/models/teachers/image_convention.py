"""How a network expects its images, and conversion between conventions."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.model import ImgDataPreprocessor
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.errors import InputError


class ImageConvention(NamedTuple):
    """How BGR images of 0..255 become a network's input.

    Attributes:
        mean (tuple[float]): Subtracted, per channel in the network's order.
        std (tuple[float]): Divisor, per channel in the network's order.
        rgb (bool): Whether the network's channels are R, G, B.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    rgb: bool

    @classmethod
    def of(cls, preprocessor: nn.Module) -> 'ImageConvention':
        """The convention of a data preprocessor.

        Args:
            preprocessor (nn.Module): An ``ImgDataPreprocessor``, such as
                MMPose's, or mmpretrain's ``ClsDataPreprocessor``.

        Raises:
            InputError: If it is another, or does not have three channels.
        """
        if isinstance(preprocessor, ImgDataPreprocessor):
            swapped = preprocessor._channel_conversion
        # mmpretrain may not be installed.
        elif hasattr(preprocessor, 'to_rgb'):
            swapped = preprocessor.to_rgb
        else:
            raise InputError(
                where='data_preprocessor',
                found=type(preprocessor).__name__,
                expected='PoseDataPreprocessor or ClsDataPreprocessor, whose '
                'images can be converted for the teacher',
            )
        mean, std = (0.0,) * 3, (1.0,) * 3
        if preprocessor._enable_normalize:
            mean = tuple(preprocessor.mean.flatten().tolist())
            std = tuple(preprocessor.std.flatten().tolist())
            mean, std = (x * 3 if len(x) == 1 else x for x in (mean, std))
        if len(mean) != 3 or len(std) != 3:
            raise InputError(
                where='data_preprocessor',
                found=f'mean={mean} and std={std}',
                expected='one number, or one for each of three channels',
            )
        return cls(mean, std, bool(swapped))


def convention_from(
    config: dict, kind: str, scope: str | None = None
) -> ImageConvention:
    """The convention of a data preprocessor's config.

    Args:
        config (dict): The config.
        kind (str): The type if the config has none.
        scope (str, optional): The package to look the type up in if MMPose
            does not know it. Defaults to ``None``.
    """
    config = dict(config)
    kind = config.setdefault('type', kind)
    if scope and isinstance(kind, str) and MODELS.get(kind) is None:
        config.setdefault('_scope_', scope)
    return ImageConvention.of(MODELS.build(config))


class InputAdapter(nn.Module):
    """Converts the student's input into the teacher's.

    ``x_t = (x_s * std_s + mean_s - mean_t) / std_t`` for each channel, in the
    teacher's order of channels.

    Args:
        student (ImageConvention): Of the input.
        teacher (ImageConvention): Of the output.
        size (tuple[int, int], optional): (H, W) of the output. Defaults to
            ``None``: that of the input.
    """

    def __init__(
        self,
        student: ImageConvention,
        teacher: ImageConvention,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.size = tuple(size) if size else None
        self.swap = student.rgb != teacher.rgb
        mean, std = student.mean, student.std
        if self.swap:
            mean, std = mean[::-1], std[::-1]
        scale = [a / b for a, b in zip(std, teacher.std)]
        shift = [
            (m - n) / s for m, n, s in zip(mean, teacher.mean, teacher.std)
        ]
        self.same_values = scale == [1.0] * 3 and shift == [0.0] * 3
        for name, value in (('scale', scale), ('shift', shift)):
            buffer = torch.tensor(value, dtype=torch.float32)
            self.register_buffer(name, buffer.view(1, 3, 1, 1), False)

    def forward(self, x: Tensor) -> Tensor:
        """Convert a batch (N, 3, H, W) to ``(N, 3, *size)``."""
        if self.swap:
            x = x.flip(1)
        if not self.same_values:
            x = x * self.scale + self.shift
        if self.size is not None and tuple(x.shape[-2:]) != self.size:
            x = F.interpolate(x, self.size, mode='bilinear', antialias=True)
        return x
