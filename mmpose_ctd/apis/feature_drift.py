"""How far a training took the encoder away from the network it began as."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers import source_state_of
from mmpose_ctd.models.teachers.checkpoint import load_strictly
from mmpose_ctd.trained import load_trained

_CURE = 'Give the config that the checkpoint was trained with.'


@dataclass(frozen=True)
class Drift:
    """Of one checkpoint.

    Attributes:
        features (tuple[float, ...]): For each of the encoder's maps, 1 -
            cosine between the source's and the trained encoder's, the mean
            over images: what ED with weight 1 would be. 0 is no change, 1
            unrelated.
        weights (float): Length of the change of the encoder's parameters, as
            a share of their length at the start.
    """

    features: tuple[float, ...]
    weights: float


@torch.no_grad()
def feature_drift(
    cfg: Config, checkpoints: Iterable[str], batches: Iterable[dict]
) -> list[Drift]:
    """Compare trained encoders with the source that they started from.

    Both are in inference mode and see the same images.

    Args:
        cfg (Config): Of the training; with ``model.teacher``.
        checkpoints (Iterable[str]): What was trained with it, or with
            configs that differ in the regulariser only.
        batches (Iterable[dict]): Of a data loader; is gone through once.

    Returns:
        list[Drift]: One a checkpoint.

    Raises:
        InputError: If there is no teacher, the encoder is not of its kind, or
            a checkpoint does not fit.
    """
    if not cfg.model.get('teacher'):
        raise InputError(
            'model.teacher is not set: there is no source to compare with. '
            'Add --cfg-options model.teacher... or give a config that has one.'
        )
    model = MODELS.build(cfg.model)
    source = source_state_of(cfg.model.teacher)['backbone']
    load_strictly(
        model.backbone,
        source,
        "the source's encoder into model.backbone",
        'Drift is that of an encoder of the same kind.',
    )
    model.eval()
    images = [
        model.data_preprocessor(batch, False)['inputs'] for batch in batches
    ]
    start = _maps(model, images)
    before = _parameters(model)
    found = []
    for path in checkpoints:
        load_trained(model, path, _CURE)
        model.eval()
        found.append(
            Drift(
                tuple(
                    float(1 - F.cosine_similarity(a, b).mean())
                    for a, b in zip(_maps(model, images), start)
                ),
                float((_parameters(model) - before).norm() / before.norm()),
            )
        )
    return found


def _maps(model: nn.Module, images: list[Tensor]) -> list[Tensor]:
    """For each stage the flattened maps of all images, (N, C*h*w)."""
    stages = zip(*(model.backbone(part) for part in images))
    return [
        torch.cat([part.float().flatten(1) for part in parts])
        for parts in stages
    ]


def _parameters(model: nn.Module) -> Tensor:
    return torch.cat(
        [p.detach().double().flatten() for p in model.backbone.parameters()]
    )
