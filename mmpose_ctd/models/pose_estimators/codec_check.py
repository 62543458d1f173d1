"""Whether a codec draws its heat-maps where the landmarks are."""

import numpy as np
from torch import nn

from mmpose_ctd.errors import InputError

__all__ = ['check_codec']

# Shares of the input at which points are tried: on and between the heat-map's
# pixels, away from its borders.
_TRIED = np.linspace(0.3, 0.7, 17)
#: Mean shift, in heat-map pixels, from which a codec is refused: rounding to
#: whole pixels shifts by half of one at most.
_SHIFT = 0.6


def check_codec(head: nn.Module | None) -> None:
    """Refuse a codec that encodes and decodes points to another place.

    MMPose's ``UDPHeatmap`` draws a Gaussian one pixel off towards the upper
    left, without a murmur, where the fraction of 3 sigma lies between 0 and
    0.5: sigma=1.5 and 2 are right, 1.75 is not. A network trained so is four
    input pixels wrong.

    Args:
        head (nn.Module, optional): A head with or without ``decoder``.

    Raises:
        InputError: Names sigma and what to set.
    """
    codec = getattr(head, 'decoder', None)
    size = getattr(codec, 'heatmap_size', None)
    if size is None or getattr(codec, 'heatmap_type', 'gaussian') != (
        'gaussian'
    ):
        return
    width, height = codec.input_size
    points = np.stack([_TRIED * (width - 1), _TRIED * (height - 1)], axis=1)
    points = points[None].astype(np.float32)
    encoded = codec.encode(points.copy(), np.ones(points.shape[:2], 'f'))
    if 'heatmaps' not in encoded:
        return
    decoded, _ = codec.decode(encoded['heatmaps'])
    # Codecs differ by half a pixel in where an input pixel lies.
    shift = np.abs((decoded[..., :2] - points).mean(axis=(0, 1)))
    pixel = np.array([width / size[0], height / size[1]])
    worst = float((shift / pixel).max())
    if worst > _SHIFT:
        sigma = float(np.max(codec.sigma))
        raise InputError(
            f'model.head.decoder: {type(codec).__name__} with sigma={sigma:g} '
            f'draws its heat-maps {worst:.1f} pixels beside the landmarks (a '
            "fault of MMPose's where 3 sigma is not a multiple of a half). "
            'Set sigma to a multiple of 0.5 in the codec, such as '
            f'{max(round(2 * sigma) / 2, 0.5)}.'
        )
