"""Writes small labelled sets in the layout that CIFASDDataset reads."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from mmengine.logging import MMLogger
from mmpose.registry import DATASETS

NAMES = ('exocanthion_R', 'exocanthion_L', 'subnasale', 'glabella')


def landmark_content(
    num_images: int = 6,
    names: Sequence[str] = NAMES,
    size: tuple[int, int] = (64, 48),
    seed: int = 0,
) -> dict:
    """A COCO keypoint file's content: two images a subject, random points.

    Args:
        num_images (int): Defaults to 6.
        names (Sequence[str]): The landmarks.
        size (tuple[int, int]): Width and height of every image.
        seed (int): Of the points, which lie off the border.
    """
    random = np.random.default_rng(seed)
    images, annotations = [], []
    for i in range(num_images):
        images.append(
            dict(
                id=i + 1,
                file_name=f'{i + 1:03d}.png',
                width=size[0],
                height=size[1],
                subject=f'subject{i // 2}',
                site='london' if i % 4 < 2 else '3dsk',
            )
        )
        points = random.uniform(0.2, 0.8, (len(names), 2)) * size
        values = np.column_stack([points, np.full(len(names), 2)])
        annotations.append(
            dict(
                id=100 + i,
                image_id=i + 1,
                category_id=1,
                keypoints=values.ravel().tolist(),
                num_keypoints=len(names),
                bbox=[8, 6, 40, 30],
                area=1200,
                iscrowd=0,
            )
        )
    category = dict(id=1, name='face', keypoints=list(names), skeleton=[])
    return dict(images=images, annotations=annotations, categories=[category])


def smooth_noise(width: int, height: int, seed: int = 0) -> np.ndarray:
    """A BGR image without edges, so that interpolation costs little."""
    coarse = np.random.default_rng(seed).integers(30, 226, (6, 6, 3))
    return cv2.resize(
        coarse.astype(np.uint8),
        (width, height),
        interpolation=cv2.INTER_LINEAR,
    )


def write_landmark_set(
    root: Path,
    content: dict | None = None,
    splits: Mapping[str, Sequence[str]] | None = None,
    ann_file: str = 'annotations/landmarks.json',
) -> Path:
    """Write annotations, noise images of the stated sizes, and splits.

    Args:
        root (Path): The folder.
        content (dict, optional): Of :func:`landmark_content` by default.
        splits (Mapping, optional): Name -> subjects, in ``splits/name.txt``.
        ann_file (str): Where in the folder the annotations go.

    Returns:
        Path: ``root``.
    """
    content = landmark_content() if content is None else content
    file = root / ann_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding='utf-8')
    (root / 'images').mkdir(exist_ok=True)
    for i, image in enumerate(content['images']):
        pixels = smooth_noise(image['width'], image['height'], seed=i)
        cv2.imwrite(str(root / 'images' / image['file_name']), pixels)
    for name, subjects in (splits or {}).items():
        path = root / 'splits' / f'{name}.txt'
        path.parent.mkdir(exist_ok=True)
        path.write_text('\n'.join(subjects) + '\n', encoding='utf-8')
    return root


def build_set(root: Path, **changes):
    """The set's CIFASDDataset, with these arguments."""
    config = dict(
        type='CIFASDDataset',
        data_root=str(root),
        ann_file='annotations/landmarks.json',
    )
    return DATASETS.build(dict(config, **changes))


@contextmanager
def logged() -> Iterator[list[str]]:
    """Collects what is said in mmengine's log meanwhile."""
    messages: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    logger, handler = MMLogger.get_current_instance(), Collect()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield messages
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
