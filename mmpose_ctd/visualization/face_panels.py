"""Truth, prediction and heat-map of a face, to be laid beside each other."""

from dataclasses import dataclass

import cv2
import numpy as np

from ._canvas import checked_points, draw_points, enlarge
from ._crop import cut_out, face_window, square

#: Grey of a page that stands in for a photograph.
_BLANK = 238


@dataclass(frozen=True)
class FaceView:
    """The square of an image around its landmarks, enlarged.

    Args:
        picture (np.ndarray): The square, (side, side, 3), uint8, BGR.
        origin (tuple[float, float]): Its top left pixel in the image.
        factor (float): Pixels of the picture for a pixel of the image.
        truth (np.ndarray): True points in image pixels, (K, 2).
        visible (np.ndarray): Whether they are known, bool, (K,).
    """

    picture: np.ndarray
    origin: tuple
    factor: float
    truth: np.ndarray
    visible: np.ndarray

    @classmethod
    def of(
        cls,
        image: np.ndarray | None,
        truth: np.ndarray,
        visible: np.ndarray,
        side: int = 320,
        margin: float = 0.3,
    ) -> 'FaceView':
        """Cut out and enlarge.

        Args:
            image (np.ndarray, optional): The photograph (H, W, 3), uint8,
                BGR. None draws on a blank page, so that nobody is shown.
            truth (np.ndarray): True points in image pixels, (K, 2).
            visible (np.ndarray): Whether they are known, (K,), any of them.
            side (int): Of the picture, in pixels. Defaults to 320.
            margin (float): The square is wider than the points by this share
                on each side. Defaults to 0.3.
        """
        nothing = np.zeros((1, 1, 3), dtype=np.uint8)
        window = square(
            face_window(
                nothing if image is None else image, truth, visible, margin
            )
        )
        if image is None:
            picture = np.full((side, side, 3), _BLANK, dtype=np.uint8)
        else:
            picture = enlarge(cut_out(image, window), side / window[2])
        return cls(picture, window[:2], side / window[2], truth, visible)

    def with_truth(self) -> np.ndarray:
        """The true points alone."""
        return self._with_points(np.full_like(self.truth, np.nan))

    def with_prediction(self, pred: np.ndarray) -> np.ndarray:
        """True points, predictions (K, 2), and what lies between."""
        return self._with_points(pred)

    def with_heatmap(
        self,
        heatmap: np.ndarray,
        centre: np.ndarray,
        scale: np.ndarray,
        ends_aligned: bool,
    ) -> np.ndarray:
        """A heat-map laid over the picture.

        Args:
            heatmap (np.ndarray): Values in [0, 1], (h, w).
            centre (np.ndarray): Centre of the crop that the network saw, in
                image pixels, (2,).
            scale (np.ndarray): Width and height of that crop, (2,).
            ends_aligned (bool): Whether the outermost cells' centres lie on
                the crop's borders, as with UDP codecs; else the first cell's
                centre alone does.
        """
        height, width = heatmap.shape
        cells = np.array([width, height], dtype=np.float64) - ends_aligned
        # Cell -> image pixel -> pixel of the picture.
        step = scale / np.maximum(cells, 1) * self.factor
        start = centre - 0.5 * scale - np.asarray(self.origin)
        start = (start + 0.5) * self.factor - 0.5
        matrix = np.array([[step[0], 0, start[0]], [0, step[1], start[1]]])
        side = self.picture.shape[0]
        warped = cv2.warpAffine(
            heatmap.astype(np.float32), matrix, (side, side)
        )
        strength = np.clip(warped, 0, 1)[..., None]
        colours = cv2.applyColorMap(
            np.uint8(255 * strength[..., 0]), cv2.COLORMAP_INFERNO
        )
        grey = self.picture.mean(axis=2, keepdims=True)
        share = 0.85 * np.sqrt(strength)
        mixed = (1 - share) * grey + share * colours
        return np.uint8(np.round(mixed))

    def _with_points(self, pred: np.ndarray) -> np.ndarray:
        picture = self.picture.copy()
        pred, truth, visible = checked_points(pred, self.truth, self.visible)
        draw_points(
            picture,
            pred - self.origin,
            truth - self.origin,
            visible,
            self.factor,
            radius=max(4, picture.shape[0] / 80),
        )
        return picture
