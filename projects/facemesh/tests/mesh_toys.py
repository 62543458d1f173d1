"""Meshes that no network found, and a stand-in for it."""

import json
from pathlib import Path

import cv2
import numpy as np
from landmark_set import landmark_content, write_landmark_set

from mmpose_ctd.errors import MissingFileError
from projects.facemesh.face_meshes.mesh_file import file_digest


class LightFinder:
    """Stands for ``FaceMesh``: "finds" the red, green and blue light.

    Depths are 0, 1 and 2 hundredths of the image's width. A dim picture is
    found only if a box is given; one with a light cut off by the border or
    without any light never.
    """

    def __init__(self, checkpoint=None):
        if checkpoint is not None:
            raise MissingFileError(where=str(checkpoint), found='no file')
        self.views = []

    def find(self, image, box=None, looks=2, views=1):
        light = image[..., ::-1].astype(float)
        sides = light[0], light[-1], light[:, 0], light[:, -1]
        least = 40 if box else 128
        if max(map(np.max, sides)) > 8 or light[..., 0].max() < least:
            return None
        height, width = light.shape[:2]
        rows, columns = np.arange(height), np.arange(width)
        points = []
        for c in range(3):
            share = light[..., c] / light[..., c].sum()
            x, y = share.sum(0) @ columns, share.sum(1) @ rows
            points.append((x, y, c / 100 * width))
        return np.array(points)


def lights(
    places: np.ndarray,
    size: tuple[int, int],
    brightness: float = 255,
    sigma: float = 3,
) -> np.ndarray:
    """An image with a red, a green and a blue light, BGR, uint8.

    Args:
        places (np.ndarray): (3, 2), pixels.
        size (tuple): Width and height.
        brightness (float): Of the lights' centres.
        sigma (float): Of the lights, pixels.
    """
    x, y = (np.arange(side) for side in size)
    planes = [
        brightness
        * np.exp(
            -((x[None] - u) ** 2 + (y[:, None] - v) ** 2) / (2 * sigma**2)
        )
        for u, v in places
    ]
    return np.round(np.stack(planes[::-1], axis=-1)).astype(np.uint8)


def write_meshes(
    path: Path, root: Path, content: dict, meshes: np.ndarray, **changes
) -> Path:
    """A mesh file as an earlier version wrote it.

    Args:
        path (Path): The ``.npz``.
        root (Path): Folder of the set.
        content (dict): Of its annotation file.
        meshes (np.ndarray): (N, V, 3), NaN where no face was found.
        **changes: Arrays to write in place of the right ones.
    """
    images = content['images']
    about = dict(
        format='mmpose_ctd face mesh',
        version=1,
        mediapipe='0',
        views=1,
        refine=True,
        seconds=0.5,
    )
    arrays = dict(
        about=json.dumps(about),
        image_ids=[json.dumps(image['id']) for image in images],
        digests=[
            file_digest(str(root / 'images' / image['file_name']))
            for image in images
        ],
        attempts=np.isfinite(meshes).all(axis=(1, 2)).astype(np.int8),
        vertices=meshes,
    )
    np.savez(path, **(arrays | changes))
    return path


def write_lit_set(root: Path, num_images: int = 8) -> dict:
    """A set of photographs of three lights; the landmarks lie between them.

    Returns:
        dict: Its annotation file's content.
    """
    random = np.random.default_rng(0)
    names = ('middle_RG', 'middle_RB', 'beyond_B')
    content = landmark_content(num_images, names, (96, 80))
    pictures = {}
    for i, (image, annotation) in enumerate(
        zip(content['images'], content['annotations'])
    ):
        turn = np.exp(1j * random.normal() * 0.2) * random.uniform(14, 18)
        z = 48 + 40j + turn * np.exp(2j * np.pi * np.arange(3) / 3)
        z += random.normal(size=2) @ (1, 1j)
        red, green, blue = places = np.column_stack([z.real, z.imag])
        pictures[f'{i}.png'] = lights(places, (96, 80))
        points = (red + green) / 2, (red + blue) / 2, 1.5 * blue - 0.5 * red
        triples = np.column_stack([points, np.full(3, 2)])
        annotation['keypoints'] = triples.ravel().tolist()
        # An id may be a number or a text.
        annotation['image_id'] = image['id'] = f'picture {i}' if i % 2 else i
        image.update(file_name=f'{i}.png', subject=f'subject{i}')
    people = [image['subject'] for image in content['images']]
    splits = dict(train=people[:-3], test=people[-3:])
    write_landmark_set(root, content, splits)
    for name, picture in pictures.items():
        cv2.imwrite(str(root / 'images' / name), picture)
    return content
