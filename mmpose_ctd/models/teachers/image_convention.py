"""In which form a network wants its images, and the way between two forms."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.model import ImgDataPreprocessor
from torch import Tensor, nn

from mmpose_ctd.errors import InputError

__all__ = ['ImageConvention', 'InputAdapter']


class ImageConvention(NamedTuple):
    """What a network's input x is made of.

    Datasets give images in BGR, pixel values 0..255.

    Attributes:
        mean (tuple[float]): Subtracted, per channel in the network's order.
        std (tuple[float]): Divided by, likewise.
        rgb (bool): Whether the network's channels are R, G, B.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    rgb: bool

    @classmethod
    def of(cls, preprocessor: nn.Module) -> 'ImageConvention':
        """The convention that a data preprocessor produces.

        Args:
            preprocessor (nn.Module): A ``PoseDataPreprocessor`` or another
                ``ImgDataPreprocessor``, or mmpretrain's
                ``ClsDataPreprocessor``.

        Raises:
            InputError: If it is another, or its images do not have three
                channels.
        """
        if isinstance(preprocessor, ImgDataPreprocessor):
            swapped = preprocessor._channel_conversion
        # mmpretrain need not be there to be asked.
        elif hasattr(preprocessor, 'to_rgb'):
            swapped = preprocessor.to_rgb
        else:
            raise InputError(
                'The teacher needs to know what the student sees: '
                'data_preprocessor must be a PoseDataPreprocessor, or a '
                "classifier's ClsDataPreprocessor, not "
                f'{type(preprocessor).__name__}.'
            )
        mean, std = (0.0,) * 3, (1.0,) * 3
        if preprocessor._enable_normalize:
            mean = tuple(preprocessor.mean.flatten().tolist())
            std = tuple(preprocessor.std.flatten().tolist())
            mean, std = (x * 3 if len(x) == 1 else x for x in (mean, std))
        if len(mean) != 3 or len(std) != 3:
            raise InputError(
                f'data_preprocessor: mean={mean} and std={std}; expected '
                'one number, or one for each of three channels.'
            )
        return cls(mean, std, bool(swapped))


class InputAdapter(nn.Module):
    """Turns the student's input into the teacher's, pixel by pixel.

    Both are affine images of the same photograph x, so one affine map a
    channel leads from one to the other:

    ``x_t = (x_s * std_s + mean_s - mean_t) / std_t``

    after the channels are brought into the teacher's order.

    Args:
        student (ImageConvention): What comes in.
        teacher (ImageConvention): What goes out.
        size (tuple[int, int], optional): (H, W) the teacher wants; ``None``
            keeps the student's. Defaults to ``None``.
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
        """Adapt a batch.

        Args:
            x (Tensor): The student's input (N, 3, H, W).

        Returns:
            Tensor: The teacher's, (N, 3, H, W) or (N, 3, *size).
        """
        if self.swap:
            x = x.flip(1)
        if not self.same_values:
            x = x * self.scale + self.shift
        if self.size is not None and tuple(x.shape[-2:]) != self.size:
            x = F.interpolate(x, self.size, mode='bilinear', antialias=True)
        return x
