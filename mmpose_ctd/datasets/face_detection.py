"""Finds faces on a photograph with OpenCV's cascade."""

import functools
import os

import cv2
import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError

Box = tuple[float, float, float, float]

_CASCADE = 'haarcascade_frontalface_alt2.xml'
# Longer side of the searched copy, in pixels.
_SEARCHED = 640
# Smallest face, as a share of the copy's shorter side: smaller finds are
# buttons and patterns of a wall.
_SMALLEST = 0.08
# Border added around a close-up, as a share of the copy's shorter side.
_BORDER = 0.2
# The cascade was trained on faces of 20x20 pixels.
_TRAINED = 20
# A quick search begins at faces of this share of the shorter side, and is
# content with one this much larger: smaller ones take most of the time.
_LARGE = 0.25
_SURELY = 1.5


def cascade_file() -> str:
    """The trained detector, a file of OpenCV's wheel.

    Raises:
        MissingFileError: If OpenCV came without it.
    """
    folder = getattr(getattr(cv2, 'data', None), 'haarcascades', '')
    path = os.path.join(folder, _CASCADE)
    if not os.path.isfile(path):
        raise MissingFileError(
            where=f'OpenCV {cv2.__version__}',
            found=f'its file {_CASCADE}, which finds faces, is missing',
            cure='Install the wheel: pip install --force-reinstall '
            'opencv-python-headless',
        )
    return path


@functools.lru_cache(maxsize=1)
def _cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(cascade_file())


def detect_face(image: np.ndarray, quick: bool = False) -> Box | None:
    """Find the largest of :func:`detect_faces`, if there is one.

    With ``quick``, a large face is found about six times as fast. In one of
    fifty photographs its box differs by one or two pixels of the searched
    copy, which averages fewer finds.
    """
    if quick:
        grey, scales = _searched_copy(image)
        found = _search(grey, 0, _LARGE, scales)
        if found and found[0][2] / scales[0] >= (
            _SURELY * _LARGE * min(grey.shape)
        ):
            return found[0]
    return next(iter(detect_faces(image)), None)


def face_within(image: np.ndarray, corners: np.ndarray) -> Box | None:
    """The largest of :func:`detect_faces` with its centre in a rectangle.

    ``corners`` are x1, y1, x2, y2.
    """
    x1, y1, x2, y2 = corners
    for face in detect_faces(image):
        x, y, width, height = face
        if x1 <= x + width / 2 <= x2 and y1 <= y + height / 2 <= y2:
            return face
    return None


def detect_faces(image: np.ndarray) -> list[Box]:
    """Find all frontal, upright faces, the largest first.

    Viola and Jones' detector (CVPR 2001), on a copy of at most 640 pixels: a
    photograph of any size takes some 50 ms. It finds faces from about a
    twelfth of the shorter side. A box reaches from the brows or the forehead
    to the chin and may cut off the ears.

    Args:
        image (np.ndarray): (H, W, 3), uint8, BGR.

    Returns:
        list[tuple[float, float, float, float]]: x, y, width, height in pixels
        of ``image``; x, y is the upper left corner, and the centre of the
        top left pixel lies at (0.5, 0.5). The box of a close-up may reach
        outside.

    Raises:
        InputError: If ``image`` is not such an array.
        MissingFileError: If OpenCV came without the cascade.
    """
    grey, scales = _searched_copy(image)
    # A close-up is searched with a border: the detector needs room.
    for border in (0, round(_BORDER * min(grey.shape))):
        found = _search(grey, border, _SMALLEST, scales)
        if found:
            break
    return found


def check_image(image: np.ndarray, where: str) -> None:
    """Raise InputError unless it is (H, W, 3), uint8."""
    found = type(image).__name__
    if isinstance(image, np.ndarray):
        found = f'{image.dtype} {image.shape}'
        is_colour = image.ndim == 3 and image.shape[2] == 3
        if image.dtype == np.uint8 and is_colour and image.size:
            return
    raise InputError(
        where=where,
        found=found,
        expected='an image of uint8, (H, W, 3), BGR',
    )


def _searched_copy(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """In grey; and pixels of the image in one of the copy, (2,): x and y."""
    check_image(image, 'detect_faces')
    height, width = image.shape[:2]
    scale = min(1.0, _SEARCHED / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if scale < 1:
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return grey, np.array([width / size[0], height / size[1]])


def _search(
    grey: np.ndarray, border: int, share: float, scales: np.ndarray
) -> list[Box]:
    """Faces from a share of the shorter side on, the largest first."""
    smallest = max(_TRAINED, round(share * min(grey.shape)))
    searched = cv2.copyMakeBorder(grey, *[border] * 4, cv2.BORDER_REPLICATE)
    faces = _cascade().detectMultiScale(
        cv2.equalizeHist(searched),
        scaleFactor=1.1,
        minNeighbors=4,
        minSize=(smallest, smallest),
    )
    across, down = scales
    boxes = sorted(map(tuple, faces), key=lambda f: (f[2] * f[3], *f))
    return [
        (
            float((x - border) * across),
            float((y - border) * down),
            float(w * across),
            float(h * down),
        )
        for x, y, w, h in reversed(boxes)
    ]
