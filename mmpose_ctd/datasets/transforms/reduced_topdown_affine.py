"""Crops the network input out of a photograph that was scaled down."""

import cv2
import numpy as np
from mmpose.datasets.transforms import TopdownAffine
from mmpose.registry import TRANSFORMS
from mmpose.structures.bbox import get_udp_warp_matrix, get_warp_matrix

from mmpose_ctd.errors import InputError

__all__ = ['ReducedTopdownAffine']


@TRANSFORMS.register_module()
class ReducedTopdownAffine(TopdownAffine):
    """``TopdownAffine`` behind a :class:`LoadReducedImage`.

    Coordinates are those of ``TopdownAffine`` to the last bit: with M its
    matrix, from the photograph to the input, and A the picture's place in the
    photograph, the pixels are read by M A.

    Args:
        **kwargs: Arguments of ``TopdownAffine``.
    """

    def transform(self, results: dict) -> dict:
        """Crop, see ``TopdownAffine``.

        Raises:
            InputError: If the crop reaches beyond what was kept.
        """
        reduction, picture = results.pop('reduction'), results['img']
        if reduction is None:
            return super().transform(results)
        flip, shape = results.get('flip_direction'), results['ori_shape']
        # It warps each of a list of images: none.
        results['img'] = []
        results = super().transform(results)
        matrix = self._matrix(results)
        self._check(matrix, reduction.seen(flip, shape), results)
        image = cv2.warpAffine(
            picture,
            matrix @ reduction.to_photograph(flip, shape),
            tuple(int(side) for side in self.input_size),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE
            if reduction.scaled
            else cv2.BORDER_CONSTANT,
        )
        if reduction.scaled:
            _blacken_outside(image, matrix, shape)
        results['img'] = image
        return results

    def _matrix(self, results: dict) -> np.ndarray:
        """From the photograph's pixels to the input's, (2, 3)."""
        warp = get_udp_warp_matrix if self.use_udp else get_warp_matrix
        return warp(
            results['input_center'],
            results['input_scale'],
            results.get('bbox_rotation', [0.0])[0],
            output_size=self.input_size,
        )

    def _check(
        self, matrix: np.ndarray, kept: np.ndarray, results: dict
    ) -> None:
        width, height = np.array(self.input_size) - 1
        corners = np.array(
            [[[0, 0]], [[width, 0]], [[0, height]], [[width, height]]], float
        )
        places = cv2.transform(corners, cv2.invertAffineTransform(matrix))
        shape = results['ori_shape']
        last = np.array(shape[::-1]) - 1
        low = np.clip(places.min((0, 1)), 0, last)
        high = np.clip(places.max((0, 1)), 0, last)
        if (low < kept[0]).any() or (high > kept[1] - 1).any():
            raise InputError(
                f'{results.get("img_path")}: the network looks at x '
                f'{low[0]:.0f}..{high[0]:.0f}, y {low[1]:.0f}..{high[1]:.0f} '
                f'of the photograph, but only x {kept[0, 0]:.0f}..'
                f'{kept[1, 0] - 1:.0f}, y {kept[0, 1]:.0f}..'
                f'{kept[1, 1] - 1:.0f} was kept. A step of the pipeline moves '
                "the box further than its settings say; use the dataset's "
                "parent, type='CIFASDDataset'."
            )


def _blacken_outside(
    image: np.ndarray, matrix: np.ndarray, shape: tuple[int, int]
) -> None:
    """Fade to black where the photograph ends, as if it were full-sized.

    Interpolation against black does so within one pixel, which in the small
    picture is several of the photograph's: they would be darkened.

    Args:
        image (np.ndarray): Network input (h, w, 3), changed in place.
        matrix (np.ndarray): From the photograph to it, (2, 3).
        shape (tuple[int, int]): Height and width of the photograph.
    """
    back = cv2.invertAffineTransform(matrix).astype(np.float32)
    # Not np.ogrid, whose integers make all of it float64.
    v = np.arange(image.shape[0], dtype=np.float32)[:, None]
    u = np.arange(image.shape[1], dtype=np.float32)
    share = np.ones(image.shape[:2], np.float32)
    for (along, across, offset), n in zip(back, shape[::-1]):
        place = along * u + across * v + offset
        share *= np.clip(np.minimum(place + 1, n - place), 0, 1)
    # Few are on the edge, where rounding puts some a hair outside.
    image *= (share > 0)[..., None]
    edge = (share > 0) & (share < 0.999)
    image[edge] = np.rint(image[edge] * share[edge][:, None])
