"""Batches of noise in the form that a config's model is trained on."""

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmpose.registry import TRANSFORMS

from .sizes import encoder_of, num_keypoints, target_transform

__all__ = ['synthetic_batches']

_PACK = dict(type='PackPoseInputs')


def synthetic_batches(
    cfg: Config, number: int = 2, batch_size: int | None = None
) -> list[dict]:
    """Images of noise with landmarks anywhere, encoded as the config says.

    No data set is needed, and time does not depend on values.

    Args:
        cfg (Config): Its codec gives the targets and the images' size, its
            head the number K of landmarks.
        number (int): Batches. Defaults to 2.
        batch_size (int, optional): Images N of each. Defaults to ``None``:
            that of ``train_dataloader``.

    Returns:
        list[dict]: ``inputs``, N uint8 images (3, H, W), and
        ``data_samples``, as a data loader gives them.

    Raises:
        InputError: If the config names no codec or no number of landmarks.
    """
    targets = target_transform(cfg)
    width, height = size = encoder_of(targets)['input_size']
    k = num_keypoints(cfg)
    pack = Compose([TRANSFORMS.build(t) for t in (targets, _PACK)])
    random = np.random.default_rng(0)

    def sample(number: int) -> dict:
        points = random.uniform(0, (width - 1, height - 1), (1, k, 2))
        image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        sides = np.array(size, np.float32)
        return pack(
            dict(
                img=image,
                id=number,
                img_id=number,
                img_path='',
                ori_shape=(height, width),
                img_shape=(height, width),
                input_size=(width, height),
                input_center=sides / 2,
                input_scale=sides,
                flip_indices=list(range(k)),
                bbox=np.array([[0, 0, width, height]], np.float32),
                bbox_score=np.ones(1, np.float32),
                keypoints=points.astype(np.float32),
                keypoints_visible=np.ones((1, k), np.float32),
                dataset_keypoint_weights=np.ones(k, np.float32),
            )
        )

    n = batch_size or cfg.train_dataloader.batch_size
    return [
        pseudo_collate([sample(i) for i in range(n)]) for _ in range(number)
    ]
