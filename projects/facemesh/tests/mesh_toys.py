"""Meshes that no MediaPipe found, and a stand-in for its environment."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np

from projects.facemesh.face_meshes.mesh_file import file_digest

# What runs mesh_script.py in place of MediaPipe's Python: FaceMesh "finds"
# the centres of the red, green and blue light of an image, at depths 0, 1
# and 2 hundredths of its width, if the red is bright enough for a detector
# of that confidence and no light is cut off by the border.
_STAND_IN = """#!{python}
import runpy, sys, types
from types import SimpleNamespace as Box
import numpy as np

class FaceMesh:
    def __init__(self, static_image_mode, max_num_faces, refine_landmarks,
                 min_detection_confidence):
        self.least = 255 * min_detection_confidence

    def process(self, image):
        light = image.astype(float)
        edge = max(light[0].max(), light[-1].max(),
                   light[:, 0].max(), light[:, -1].max())
        if edge > 8 or light[..., 0].max() < self.least:
            return Box(multi_face_landmarks=None)
        height, width = light.shape[:2]
        points = []
        for c in range(3):
            share = light[..., c] / light[..., c].sum()
            points.append(Box(
                x=(share.sum(0) @ (np.arange(width) + 0.5)) / width,
                y=(share.sum(1) @ (np.arange(height) + 0.5)) / height,
                z=c / 100))
        return Box(multi_face_landmarks=[Box(landmark=points)])

fake = types.ModuleType('mediapipe')
fake.__version__ = 'stand-in'
fake.solutions = Box(face_mesh=Box(FaceMesh=FaceMesh))
sys.modules['mediapipe'] = fake
sys.stderr.write('W0000 chatter of a library\\n')
# As of `python -I -W ignore SCRIPT ...`.
sys.argv = sys.argv[4:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""


def write_stand_in(path: Path) -> str:
    """A program that stands for MediaPipe's Python."""
    path.write_text(_STAND_IN.format(python=sys.executable), encoding='utf-8')
    path.chmod(0o755)
    return str(path)


def lights(
    places: np.ndarray,
    size: tuple[int, int],
    brightness: float = 255,
    sigma: float = 3,
) -> np.ndarray:
    """An image with a red, a green and a blue light, BGR, uint8.

    Args:
        places (np.ndarray): (3, 2), from the image's corner.
        size (tuple): Width and height.
        brightness (float): Of the lights' centres.
        sigma (float): Of the lights, pixels.
    """
    x, y = (np.arange(side) + 0.5 for side in size)
    planes = [
        brightness
        * np.exp(
            -((x[None] - u) ** 2 + (y[:, None] - v) ** 2) / (2 * sigma**2)
        )
        for u, v in places
    ]
    return np.round(np.stack(planes[::-1], axis=-1)).astype(np.uint8)


def random_meshes(num: int, num_vertices: int = 12, seed: int = 0):
    """Faces of one shape, each moved, turned, scaled and a little changed.

    Returns:
        np.ndarray: (num, num_vertices, 3), pixels.
    """
    random = np.random.default_rng(seed)
    shape = random.normal(size=num_vertices) + 1j * random.normal(
        size=num_vertices
    )
    change = random.normal(size=(2, num, num_vertices)) * 0.05
    a = 30 * np.exp(random.normal(size=num) * 0.2)
    a = a * np.exp(1j * random.normal(size=num) * 0.2)
    b = random.uniform(80, 120, num) + 1j * random.uniform(80, 120, num)
    z = a[:, None] * (shape + change[0] + 1j * change[1]) + b[:, None]
    return np.stack([z.real, z.imag, np.zeros_like(z.real)], axis=-1)


def write_meshes(
    path: Path, root: Path, content: dict, meshes: np.ndarray, **changes
) -> Path:
    """A mesh file as MediaPipe's environment would write it.

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


def write_lit_set(root: Path, num_images: int = 8, seed: int = 0) -> dict:
    """A set of photographs of three lights; the landmarks lie between them.

    Returns:
        dict: Its annotation file's content.
    """
    random = np.random.default_rng(seed)
    names = ('middle_RG', 'middle_RB', 'beyond_B')
    images, annotations = [], []
    (root / 'images').mkdir(parents=True)
    (root / 'annotations').mkdir()
    for i in range(num_images):
        turn = np.exp(1j * random.normal() * 0.2) * random.uniform(14, 18)
        z = 48 + 40j + turn * np.exp(2j * np.pi * np.arange(3) / 3)
        z += random.normal(size=2) @ (1, 1j)
        places = np.column_stack([z.real, z.imag])
        picture = lights(places, (96, 80))
        cv2.imwrite(str(root / 'images' / f'{i}.png'), picture)
        points = np.stack(
            [
                (places[0] + places[1]) / 2,
                (places[0] + places[2]) / 2,
                1.5 * places[2] - 0.5 * places[0],
            ]
        )
        images.append(
            dict(
                id=f'picture {i}' if i % 2 else i,
                file_name=f'{i}.png',
                width=96,
                height=80,
                subject=f'subject{i}',
                site='north' if i < num_images / 2 else 'south',
            )
        )
        triples = np.column_stack([points, np.full(3, 2)])
        annotations.append(
            dict(
                id=i + 1,
                image_id=images[-1]['id'],
                category_id=1,
                keypoints=triples.ravel().tolist(),
                num_keypoints=3,
                bbox=[0, 0, 96, 80],
                area=96 * 80,
                iscrowd=0,
            )
        )
    category = dict(id=1, name='face', keypoints=list(names), skeleton=[])
    content = dict(
        images=images, annotations=annotations, categories=[category]
    )
    (root / 'annotations' / 'landmarks.json').write_text(json.dumps(content))
    (root / 'splits').mkdir()
    for name, numbers in (
        ('train', range(num_images - 3)),
        ('test', range(num_images - 3, num_images)),
    ):
        lines = ''.join(f'subject{i}\n' for i in numbers)
        (root / 'splits' / f'{name}.txt').write_text(lines)
    return content
