"""Batches of noise in the form that a config's model is trained on."""

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmpose.registry import TRANSFORMS

from mmpose_ctd.errors import InputError

from .sizes import num_keypoints, target_transform

__all__ = ['synthetic_batches']


def synthetic_batches(
    cfg: Config,
    number: int = 2,
    batch_size: int | None = None,
    seed: int = 0,
) -> list[dict]:
    """Images of noise with landmarks anywhere, encoded as the config says.

    No data set is needed, and time does not depend on values.

    Args:
        cfg (Config): Its codec gives the targets and the images' size, its
            head the number K of landmarks.
        number (int): Batches. Defaults to 2.
        batch_size (int, optional): Images N of each. Defaults to ``None``:
            that of ``train_dataloader``.
        seed (int): Defaults to 0.

    Returns:
        list[dict]: ``inputs``, N uint8 images (3, H, W), and
        ``data_samples``, as a data loader gives them.

    Raises:
        InputError: If the config names no codec or no number of landmarks.
    """
    targets = target_transform(cfg)
    encoder = targets['encoder']
    encoder = encoder[0] if isinstance(encoder, (list, tuple)) else encoder
    width, height = encoder['input_size']
    k = num_keypoints(cfg)
    pack = Compose(
        [TRANSFORMS.build(targets), TRANSFORMS.build(_PACK)],
    )
    random = np.random.default_rng(seed)

    def sample(number: int) -> dict:
        points = random.uniform(0, (width - 1, height - 1), (1, k, 2))
        image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        box = np.array([[0, 0, width, height]], np.float32)
        size = np.array([width, height], np.float32)
        return pack(
            dict(
                img=image,
                id=number,
                img_id=number,
                img_path='',
                ori_shape=(height, width),
                img_shape=(height, width),
                input_size=(width, height),
                input_center=size / 2,
                input_scale=size,
                flip_indices=list(range(k)),
                bbox=box,
                bbox_score=np.ones(1, np.float32),
                keypoints=points.astype(np.float32),
                keypoints_visible=np.ones((1, k), np.float32),
                dataset_keypoint_weights=np.ones(k, np.float32),
            )
        )

    n = batch_size or cfg.train_dataloader.batch_size
    if n < 1:
        raise InputError(f'batch size {n}: expected at least 1.')
    return [
        pseudo_collate([sample(i) for i in range(n)]) for _ in range(number)
    ]


_PACK = dict(type='PackPoseInputs')
