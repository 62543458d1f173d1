"""Finds the face on a photograph, without a network of its own."""

import functools
import os

import cv2
import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError

__all__ = ['detect_face', 'detect_faces']

_CASCADE = 'haarcascade_frontalface_alt2.xml'
# Longer side of the copy that is searched, in its pixels.
_SEARCHED = 640
# Side of the smallest face that is looked for, as a share of the copy's
# shorter side: what is smaller are buttons and patterns of a wall.
_SMALLEST = 0.08
# Width of what is added around a picture without room, as a share of the
# copy's shorter side.
_BORDER = 0.2
# The cascade was trained on faces of 20x20 pixels.
_TRAINED = 20


@functools.lru_cache(maxsize=1)
def _cascade() -> cv2.CascadeClassifier:
    folder = getattr(getattr(cv2, 'data', None), 'haarcascades', '')
    path = os.path.join(folder, _CASCADE)
    if not os.path.isfile(path):
        raise MissingFileError(
            f'OpenCV {cv2.__version__} came without its file {_CASCADE}, '
            'which finds faces. The wheel has it: pip install '
            '--force-reinstall opencv-python-headless'
        )
    return cv2.CascadeClassifier(path)


def _search(grey: np.ndarray, smallest: int) -> np.ndarray:
    """Boxes (N, 4) of x, y, width, height; empty where there is none."""
    return _cascade().detectMultiScale(
        cv2.equalizeHist(grey),
        scaleFactor=1.1,
        minNeighbors=4,
        minSize=(smallest, smallest),
    )


def detect_face(
    image: np.ndarray,
) -> tuple[float, float, float, float] | None:
    """Find the largest frontal, upright face.

    Viola and Jones' detector (CVPR 2001), as OpenCV ships it, on a copy of at
    most 640 pixels: a photograph of any size takes some 50 ms. It finds
    faces from about a twelfth of the shorter side on; the box reaches from
    the brows or the forehead to the chin and may cut off the ears.

    Args:
        image (np.ndarray): Photograph, shape (H, W, 3), uint8, BGR.

    Returns:
        tuple[float, float, float, float] | None: x, y, width, height of the
        face in pixels of ``image``, where x, y is the box's upper left
        corner and the centre of the top left pixel lies at (0.5, 0.5).
        The box of a face that fills the frame may reach beyond it. None
        where no face is found.

    Raises:
        InputError: If ``image`` is no such array.
        MissingFileError: If OpenCV came without the cascade.
    """
    return next(iter(detect_faces(image)), None)


def detect_faces(
    image: np.ndarray,
) -> list[tuple[float, float, float, float]]:
    """Find all frontal, upright faces, the largest first.

    Args:
        image (np.ndarray): See :func:`detect_face`, as for boxes and errors.

    Returns:
        list[tuple[float, float, float, float]]: Boxes; empty without a face.
    """
    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.ndim != 3
        or image.shape[2] != 3
        or image.size == 0
    ):
        found = (
            f'{image.dtype} {image.shape}'
            if isinstance(image, np.ndarray)
            else type(image).__name__
        )
        raise InputError(
            f'detect_face: found {found}; expected an image of uint8, '
            '(H, W, 3), BGR.'
        )
    height, width = image.shape[:2]
    scale = min(1.0, _SEARCHED / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if scale < 1:
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    smallest = max(_TRAINED, round(_SMALLEST * min(size)))
    faces, border = _search(grey, smallest), 0
    if len(faces) == 0:
        # A face that fills the frame leaves the detector no room.
        border = round(_BORDER * min(size))
        faces = _search(
            cv2.copyMakeBorder(grey, *[border] * 4, cv2.BORDER_REPLICATE),
            smallest,
        )
    ordered = sorted(
        map(tuple, faces), key=lambda face: (face[2] * face[3], *face)
    )
    across, down = width / size[0], height / size[1]
    return [
        (
            float((x - border) * across),
            float((y - border) * down),
            float(w * across),
            float(h * down),
        )
        for x, y, w, h in reversed(ordered)
    ]
