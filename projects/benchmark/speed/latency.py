"""How long inference takes, beside MMPose's own class."""

from collections import defaultdict

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from .opponents import plain_mmpose
from .synthetic_batch import synthetic_batches
from .training_steps import WARM_UP, seconds_of

__all__ = ['inference_latency']


def inference_latency(cfg: Config, rounds: int) -> dict[str, np.ndarray]:
    """Time ``test_step`` on one image, ours and MMPose's in turn.

    Both have the same weights, which also shows that they load strictly.

    Returns:
        dict: ``ctd`` and ``vanilla``, ``TopdownPoseEstimator`` -> seconds of
        each image, (rounds,).
    """
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    models = dict(
        ctd=MODELS.build(cfg.model),
        vanilla=MODELS.build(plain_mmpose(cfg).model),
    )
    models['vanilla'].load_state_dict(models['ctd'].state_dict(), strict=True)
    for model in models.values():
        model.to(get_device()).eval()
    (image,) = synthetic_batches(cfg, number=1, batch_size=1)
    taken = defaultdict(list)
    with torch.no_grad():
        for _ in range(WARM_UP + rounds):
            for name, model in models.items():
                taken[name].append(seconds_of(model.test_step, image))
    return {name: np.array(t[WARM_UP:]) for name, t in taken.items()}
