"""Which faces to show, and their pictures: truth, prediction, heat-map."""

import cv2
import numpy as np

from ._canvas import (
    cut_out,
    draw_points,
    enlarge,
    enlarged,
    face_window,
    square,
)

#: Grey of a page without photograph.
_BLANK = 238


class FaceView:
    """The square of an image around its landmarks, enlarged.

    Args:
        image (np.ndarray, optional): The photograph (H, W, 3), uint8, BGR.
            None draws on a blank page, which shows nobody.
        truth (np.ndarray): True points in image pixels, (K, 2).
        visible (np.ndarray): Whether they are known, bool, (K,).
        side (int): Of the picture, in pixels. Defaults to 320.

    Attributes:
        picture (np.ndarray): The square, (side, side, 3), uint8, BGR.
        origin (tuple[int, int]): Its top left pixel in the image.
        factor (float): Pixels of the picture for a pixel of the image.
    """

    def __init__(
        self,
        image: np.ndarray | None,
        truth: np.ndarray,
        visible: np.ndarray,
        side: int = 320,
    ) -> None:
        self.truth, self.visible, self.side = truth, visible, side
        nothing = np.zeros((1, 1, 3), dtype=np.uint8)
        window = square(
            face_window(nothing if image is None else image, truth, visible)
        )
        self.origin, self.factor = window[:2], side / window[2]
        if image is None:
            self.picture = np.full((side, side, 3), _BLANK, dtype=np.uint8)
        else:
            self.picture = enlarge(cut_out(image, window), self.factor)

    def with_truth(self) -> np.ndarray:
        """The true points only."""
        return self.with_prediction(np.full_like(self.truth, np.nan))

    def with_prediction(self, pred: np.ndarray) -> np.ndarray:
        """True points, predictions (K, 2), and lines between them."""
        picture = self.picture.copy()
        pred, truth = (
            enlarged(points - self.origin, self.factor)
            for points in (pred, self.truth)
        )
        draw_points(picture, pred, truth, self.visible, self.side / 80)
        return picture

    def with_heatmap(
        self,
        heatmap: np.ndarray,
        centre: np.ndarray,
        scale: np.ndarray,
        ends_aligned: bool,
    ) -> np.ndarray:
        """A heat-map on top of the picture.

        Args:
            heatmap (np.ndarray): Values in [0, 1], (h, w).
            centre (np.ndarray): Centre of the network's crop in image
                pixels, (2,).
            scale (np.ndarray): Width and height of that crop, (2,).
            ends_aligned (bool): Whether the outermost cells' centres lie on
                the crop's borders, as in UDP codecs; else only the first
                cell's centre does.
        """
        height, width = heatmap.shape
        cells = np.array([width, height], dtype=np.float64) - ends_aligned
        # From cell to image pixel to pixel of the picture.
        step = scale / np.maximum(cells, 1) * self.factor
        start = enlarged(centre - 0.5 * scale - self.origin, self.factor)
        matrix = np.column_stack([np.diag(step), start])
        warped = cv2.warpAffine(
            heatmap.astype(np.float32), matrix, self.picture.shape[:2]
        )
        strength = np.clip(warped, 0, 1)[..., None]
        colours = cv2.applyColorMap(
            np.uint8(255 * strength[..., 0]), cv2.COLORMAP_INFERNO
        )
        grey = self.picture.mean(axis=2, keepdims=True)
        share = 0.85 * np.sqrt(strength)
        return np.uint8(np.round((1 - share) * grey + share * colours))


def select_faces(errors: np.ndarray, num_faces: int) -> list[int]:
    """Faces from the best to the worst, evenly spread over the ranks.

    Three faces are the best, the median and the worst.

    Args:
        errors (np.ndarray): Error of each face, (N,); NaN is not chosen.
        num_faces (int): How many; fewer if there are not as many.

    Returns:
        list[int]: Indices into ``errors``, of increasing error.

    Examples:
        >>> select_faces([3., 1., 9., 2., np.nan, 4.], num_faces=3)
        [1, 0, 2]
    """
    known = np.count_nonzero(~np.isnan(errors))
    ranked = np.argsort(errors, kind='stable')[:known]
    places = np.linspace(0, known - 1, min(num_faces, known))
    return ranked[places.round().astype(int)].tolist()
