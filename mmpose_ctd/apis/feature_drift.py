"""How far training moved the encoder from the source."""

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
    """Drift of one checkpoint.

    Attributes:
        features (tuple[float, ...]): For each map of the encoder, 1 - cosine
            between source and trained encoder, mean over images (ED with
            weight 1). 0 is no change, 1 unrelated.
        weights (float): Norm of the change of the encoder's parameters,
            divided by their norm at the start.
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
        checkpoints (Iterable[str]): Trained with it, or with configs that
            differ only in the regulariser.
        batches (Iterable[dict]): Of a data loader; read once.

    Returns:
        list[Drift]: One for each checkpoint.

    Raises:
        InputError: If there is no teacher, the encoder has another
            architecture, or a checkpoint does not fit.
    """
    if not cfg.model.get('teacher'):
        raise InputError(
            where='model.teacher',
            found='not set, so there is no source to compare with',
            cure='Add --cfg-options model.teacher... or use a config that has '
            'one.',
        )
    model = MODELS.build(cfg.model)
    source = source_state_of(cfg.model.teacher)['backbone']
    load_strictly(
        model.backbone,
        source,
        "the source's encoder into model.backbone",
        'Drift needs an encoder of the same architecture.',
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
