"""Finds MediaPipe's face mesh on the images of a COCO file.

Run by the Python of MediaPipe's own environment, as a file: it imports
neither torch nor this package, whose versions of numpy and OpenCV differ.

V: vertices, 478 with the irises. An image is seen in several framings,
similarities of the plane around its centre, and a vertex is the median of
what they give: one framing's rounding to the network's input is noise.
"""

import argparse
import hashlib
import json
import os
import sys
import time

import cv2
import mediapipe
import numpy as np

# Zoom, degrees, shift to the right and down as shares of the image's size.
# The first is the image itself.
VIEWS = (
    (1.0, 0, 0.0, 0.0),
    (0.8, 0, 0.0, 0.0),
    (1.2, 0, 0.0, 0.0),
    (1.0, 5, 0.0, 0.0),
    (1.0, -5, 0.0, 0.0),
    (1.0, 10, 0.0, 0.0),
    (1.0, -10, 0.0, 0.0),
    (1.0, 0, 0.035, 0.015),
    (1.0, 0, -0.03, 0.025),
)
# Pixels of a large photograph's longer side that are looked at: FaceMesh's own
# input has 256 for the face.
LARGEST = 1280
# (zoom, least confidence of the face detector), tried in turn until a face is
# found. The detector expects a face of a fifth to four fifths of the image.
ATTEMPTS = (
    (1.0, 0.5),
    (0.5, 0.5),
    (2.0, 0.5),
    (1.0, 0.1),
    (0.5, 0.1),
    (0.25, 0.1),
    (2.0, 0.1),
)


def framing(size, zoom, degrees=0.0, right=0.0, down=0.0):
    """The similarity of an image onto a view of the same size.

    Args:
        size (tuple): Width and height in pixels.
        zoom (float): About the centre.
        degrees (float): Counter-clockwise on the screen.
        right (float): Shift, as a share of the width.
        down (float): Shift, as a share of the height.

    Returns:
        np.ndarray: (2, 3), of points whose origin is the image's corner.
    """
    width, height = size
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, zoom)
    matrix[:, 2] += right * width, down * height
    return matrix


def warp(image, matrix):
    """The view of an image through a :func:`framing`."""
    if np.allclose(matrix, np.eye(2, 3)):
        return image
    # OpenCV's origin is the centre of the first pixel.
    centred = matrix.copy()
    centred[:, 2] += matrix[:, :2] @ (0.5, 0.5) - (0.5, 0.5)
    height, width = image.shape[:2]
    return cv2.warpAffine(
        image,
        centred,
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )


def reduced(image):
    """A large photograph made smaller."""
    height, width = image.shape[:2]
    share = LARGEST / max(width, height)
    if share >= 1:
        return image
    size = max(1, round(width * share)), max(1, round(height * share))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def unwarp(vertices, matrix):
    """Vertices (V, 3) of a view in the image; depth is scaled alike."""
    turn = matrix[:, :2]
    plane = (vertices[:, :2] - matrix[:, 2]) @ np.linalg.inv(turn).T
    depth = vertices[:, 2] / np.sqrt(abs(np.linalg.det(turn)))
    return np.column_stack([plane, depth])


class MeshFinder:
    """FaceMesh on single images, with the framings that are tried.

    Args:
        num_views (int): How many of ``VIEWS``.
        refine (bool): Whether the irises, eyes and lips are refined by
            MediaPipe's attention network, which gives 478 vertices; else
            468.
    """

    def __init__(self, num_views, refine):
        self.views = VIEWS[:num_views]
        self.refine = refine
        self._networks = {}

    def find(self, image):
        """Find the mesh.

        Args:
            image (np.ndarray): (H, W, 3), uint8, RGB.

        Returns:
            tuple: Vertices (V, 3) in pixels or None, and the number of the
            attempt that found them, counted from 1; 0 where none did.
        """
        small = reduced(image)
        vertices, attempt = self._find(small)
        if vertices is not None:
            x, y = np.divide(image.shape[1::-1], small.shape[1::-1])
            # Depth is on the scale of x.
            vertices = vertices * (x, y, x)
        return vertices, attempt

    def _find(self, image):
        for number, (zoom, confidence) in enumerate(ATTEMPTS, 1):
            first, *others = [
                (zoom * view[0], *view[1:]) for view in self.views
            ]
            found = [self._through(image, confidence, first)]
            if found[0] is None:
                continue
            found += [self._through(image, confidence, v) for v in others]
            seen = [vertices for vertices in found if vertices is not None]
            return np.median(seen, axis=0), number
        return None, 0

    def _through(self, image, confidence, view):
        height, width = image.shape[:2]
        matrix = framing((width, height), *view)
        seen = np.ascontiguousarray(warp(image, matrix))
        faces = self._network(confidence).process(seen).multi_face_landmarks
        if not faces:
            return None
        # Shares of the image; depth on the scale of x.
        shares = [[p.x, p.y, p.z] for p in faces[0].landmark]
        return unwarp(np.array(shares) * (width, height, width), matrix)

    def _network(self, confidence):
        if confidence not in self._networks:
            self._networks[confidence] = (
                mediapipe.solutions.face_mesh.FaceMesh(
                    static_image_mode=True,
                    max_num_faces=1,
                    refine_landmarks=self.refine,
                    min_detection_confidence=confidence,
                )
            )
        return self._networks[confidence]


def load(path, record):
    """An image in RGB, of the size that its record says."""
    # As the data sets read it, an EXIF orientation applied.
    image = cv2.imread(path, cv2.IMREAD_COLOR)
    if image is None:
        sys.exit(
            f'error: image id={record["id"]}: {path} is missing or cannot be '
            'read as an image.'
        )
    height, width = image.shape[:2]
    if (width, height) != (record['width'], record['height']):
        sys.exit(
            f'error: image id={record["id"]}: its record says '
            f'{record["width"]}x{record["height"]} pixels, the file has '
            f'{width}x{height}.'
        )
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def digest(path):
    """By which an image file is known again, 16 characters."""
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()[:16]


def write(path, content):
    """Write to a temporary name, then rename."""
    part = path + '.part'
    with open(part, 'wb') as file:
        np.savez_compressed(file, **content)
    os.replace(part, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--ann-file', required=True)
    parser.add_argument('--image-root', required=True)
    parser.add_argument('--out', required=True)
    parser.add_argument('--views', type=int, default=len(VIEWS))
    parser.add_argument('--no-refine', action='store_true')
    args = parser.parse_args()
    with open(args.ann_file, encoding='utf-8-sig') as file:
        records = json.load(file)['images']
    finder = MeshFinder(args.views, refine=not args.no_refine)
    vertices, attempts, digests = [], [], []
    begin = time.perf_counter()
    for count, record in enumerate(records, 1):
        path = os.path.join(args.image_root, record['file_name'])
        found, attempt = finder.find(load(path, record))
        vertices.append(found)
        attempts.append(attempt)
        digests.append(digest(path))
        # Whoever started this process shows how far it is.
        print(count, len(records), flush=True)
    some = next((v for v in vertices if v is not None), np.zeros((468, 3)))
    nothing = np.full(some.shape, np.nan)
    about = dict(
        format='mmpose_ctd face mesh',
        version=1,
        mediapipe=mediapipe.__version__,
        views=len(finder.views),
        refine=finder.refine,
        attempts=[list(attempt) for attempt in ATTEMPTS],
        seconds=time.perf_counter() - begin,
    )
    write(
        args.out,
        dict(
            about=json.dumps(about),
            # An id may be a number or a text.
            image_ids=[json.dumps(record['id']) for record in records],
            digests=digests,
            attempts=np.array(attempts, dtype=np.int8),
            vertices=np.stack([nothing if v is None else v for v in vertices]),
        ),
    )


if __name__ == '__main__':
    main()
