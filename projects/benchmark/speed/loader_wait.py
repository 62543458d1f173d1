"""How long training steps wait for large photographs to be loaded."""

import copy
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from .sizes import num_keypoints

__all__ = ['loader_waits', 'write_photographs']


def loader_waits(
    cfg: Config,
    step_seconds: float,
    size: tuple[int, int] = (2000, 2500),
    rounds: int = 20,
    warm_up: int = 6,
    num_photographs: int = 24,
) -> np.ndarray:
    """Time what is left of loading behind a step of a given length.

    A pause stands for the step: as on a GPU, it leaves the processor to the
    loader. Where the processor trains, worker processes take their share of
    it, which is not in these numbers.

    Args:
        cfg (Config): Its train pipeline, batch size and number of workers
            are used, on photographs that are drawn for it.
        step_seconds (float): Length of a step.
        size (tuple[int, int]): Width and height of the photographs, pixels.
        rounds (int): Measured batches. Defaults to 20.
        warm_up (int): Batches before that. Defaults to 6: all photographs
            have been read once.
        num_photographs (int): Defaults to 24.

    Returns:
        np.ndarray: Seconds that each batch was waited for, (rounds,).
    """
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    with TemporaryDirectory() as folder:
        root = Path(folder)
        write_photographs(root, num_photographs, num_keypoints(cfg), size)
        loader = copy.deepcopy(cfg.train_dataloader)
        loader.sampler = dict(type='InfiniteSampler', shuffle=True)
        loader.dataset.update(
            type='CIFASDDataset',
            data_root=folder,
            ann_file='landmarks.json',
            split=None,
            num_keypoints=num_keypoints(cfg),
            # Their names have no sides.
            one_sided=True,
        )
        batches = iter(Runner.build_dataloader(loader, seed=0))
        taken = []
        for _ in range(warm_up + rounds):
            begin = time.perf_counter()
            next(batches)
            taken.append(time.perf_counter() - begin)
            time.sleep(step_seconds)
        # Its workers end with it.
        del batches
    return np.array(taken[warm_up:])


def write_photographs(
    root: Path, number: int, k: int, size: tuple[int, int]
) -> None:
    """Write JPEGs with as much detail as a camera's, and their landmarks.

    Args:
        root (Path): An empty folder.
        number (int): How many.
        k (int): Landmarks K of each, anywhere.
        size (tuple[int, int]): Width and height in pixels.
    """
    (root / 'images').mkdir()
    random = np.random.default_rng(0)
    width, height = size
    images, annotations = [], []
    for i in range(number):
        name = f'{i:03d}.jpg'
        coarse = random.integers(0, 256, (height // 50, width // 50, 3))
        photograph = cv2.resize(
            coarse.astype(np.uint8), size, interpolation=cv2.INTER_CUBIC
        )
        # A sensor's noise makes the file as large as a real one.
        noise = random.normal(0, 4, photograph.shape)
        photograph = np.clip(photograph + noise, 0, 255).astype(np.uint8)
        cv2.imwrite(str(root / 'images' / name), photograph)
        points = random.uniform(0.2, 0.8, (k, 2)) * size
        images.append(dict(id=i, file_name=name, width=width, height=height))
        annotations.append(
            dict(
                id=i,
                image_id=i,
                category_id=1,
                keypoints=np.column_stack([points, np.full(k, 2)])
                .ravel()
                .tolist(),
            )
        )
    names = [f'landmark_{i}' for i in range(k)]
    category = dict(id=1, name='face', keypoints=names, skeleton=[])
    content = dict(
        images=images, annotations=annotations, categories=[category]
    )
    (root / 'landmarks.json').write_text(json.dumps(content), 'utf-8')
