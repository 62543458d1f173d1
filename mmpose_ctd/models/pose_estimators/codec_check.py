"""Checks that a codec and the images fit together."""

import numpy as np
from torch import Tensor, nn

from mmpose_ctd.errors import InputError

# Tested points, in heat-map pixels from the upper left corner: near the border
# and beyond.
_TRIED = np.linspace(2.3, 9.7, 38)
#: Largest accepted shift in heat-map pixels; rounding shifts by 0.5 at most.
_SHIFT = 0.75


def check_codec(head: nn.Module | None) -> None:
    """Refuse a codec that decodes points to another place than it encoded.

    MMPose's codecs cut a Gaussian out at int(mu - 3 sigma). If 3 sigma is not
    a whole number, the heat-map is shifted by one pixel (four input pixels):
    everywhere for a fraction below 0.5, else near the upper and left border.
    sigma=2 and sigma=4/3 are right, 1.5 and 1.75 are not.
    """
    codec = getattr(head, 'decoder', None)
    size = getattr(codec, 'heatmap_size', None)
    if size is None or getattr(codec, 'heatmap_type', 'gaussian') != (
        'gaussian'
    ):
        return
    pixel = np.array(codec.input_size) / size
    rows = np.minimum(_TRIED, np.min(size) - 1)
    points = (rows[:, None] * pixel)[None].astype(np.float32)
    encoded = codec.encode(points.copy(), np.ones(points.shape[:2], 'f'))
    if 'heatmaps' not in encoded:
        return
    decoded, _ = codec.decode(encoded['heatmaps'])
    shift = np.abs(decoded[..., :2] - points) / pixel
    # Not the maximum: single points may fall between two pixels.
    worst = float(np.sort(shift.max(axis=-1).ravel())[-4])
    if worst > _SHIFT:
        sigma = float(np.max(codec.sigma))
        raise InputError(
            where='model.head.decoder',
            found=f'{type(codec).__name__} with sigma={sigma:g} draws '
            f'heat-maps {worst:.1f} pixels beside the landmarks',
            expected='a sigma for which 3 sigma is a whole number (MMPose '
            'misplaces others)',
            cure=f'Set sigma in the codec to {max(round(3 * sigma), 1)} / 3.',
        )


def check_input_size(head: nn.Module | None, images: Tensor) -> None:
    """Refuse images of another size than the codec decodes for.

    The network takes any size, but its landmarks would be off by the ratio
    of the two sizes.
    """
    size = getattr(getattr(head, 'decoder', None), 'input_size', None)
    if size is None or images.dim() != 4:
        return
    width, height = (int(side) for side in size)
    if images.shape[2:] != (height, width):
        raise InputError(
            where='model.head.decoder.input_size',
            found=f'images of {images.shape[3]}x{images.shape[2]} pixels',
            expected=f'{width}x{height}, which the codec decodes for',
            cure='Give TopdownAffine in dataset.pipeline the same input_size.',
        )
