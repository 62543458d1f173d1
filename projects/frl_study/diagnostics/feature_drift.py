"""Measure how far trainings moved the encoder from the teacher's.

python projects/frl_study/diagnostics/feature_drift.py \\
    configs/frl_faces/ctd_ed_sface.py \\
    FT=work_dirs/ft_sface/iter_500.pth ED=work_dirs/ctd_ed_sface/iter_500.pth

On the test images: 1 - cosine of the two encoders' feature maps (what ED pulls
down), and how long the change of the weights is. A student that never left the
teacher has nothing that a regulariser could keep.
"""

import sys
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import MODELS
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from mmpose_ctd.apis.command_line import (
    add_config_options,
    load_config,
    make_parser,
    run,
)
from mmpose_ctd.errors import InputError
from projects.frl_study.diagnostics.checkpoints import (
    add_checkpoints,
    named_checkpoints,
)

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
    # They import MMPose, which load_config does quietly.
    from mmpose_ctd.models.teachers import source_state_of
    from mmpose_ctd.models.teachers.checkpoint import load_strictly
    from mmpose_ctd.trained import load_trained

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


def parse_args() -> Namespace:
    parser = make_parser(__doc__)
    parser.add_argument('config', help='a config with a teacher')
    add_checkpoints(parser, '+')
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    named = named_checkpoints(args.checkpoints)
    cfg = load_config(args)
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    data = Runner.build_dataloader(cfg.test_dataloader)
    drifts = feature_drift(cfg, named.values(), data)
    table = Table(title=f'{len(data.dataset)} images, source -> trained')
    table.add_column('')
    for stage in range(len(drifts[0].features)):
        table.add_column(f'map {stage + 1}: 1 - cosine', justify='right')
    table.add_column('change of the weights', justify='right')
    for name, drift in zip(named, drifts):
        table.add_row(
            name,
            *(f'{value:.3f}' for value in drift.features),
            f'{drift.weights:.1%}',
        )
    Console().print(table)


if __name__ == '__main__':
    run(main)
