"""Measure how hard the regularisers pull at the encoder.

python projects/frl_study/diagnostics/gradient_balance.py \\
    configs/frl_faces/ctd_ed_sface.py \\
    ED=work_dirs/ctd_ed_sface/iter_500.pth

For the start and each checkpoint: every loss, its weight included, the length
of its gradient with respect to the encoder's weights, also as a share of the
landmarks' loss's, and the cosine between the two. A weight that a hook changes
while training is taken at its full value.
"""

import itertools
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, set_random_seed
from mmengine.runner.checkpoint import load_state_dict
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
from mmpose_ctd.apis.config_file import quiet_logs
from mmpose_ctd.checkpoint_file import read_checkpoint
from mmpose_ctd.errors import InputError
from projects.frl_study.diagnostics.checkpoints import (
    add_checkpoints,
    named_checkpoints,
)

_CURE = 'Give the config that the checkpoint was trained with.'


@dataclass(frozen=True)
class Pull:
    """One loss and its gradient with respect to the encoder's weights.

    Attributes:
        value (float): The loss, its weight included.
        gradient (float): Norm of its gradient.
        share (float): That norm divided by the norm of the landmark loss's.
        cosine (float): Cosine between the two gradients; negative if the loss
            works against the landmark loss.
    """

    value: float
    gradient: float
    share: float
    cosine: float


def gradient_balance(
    cfg: Config, checkpoints: Sequence[str], batches: Iterable[dict]
) -> list[dict[str, Pull]]:
    """Compare the regularisers' gradients with that of the landmark loss.

    It helps to choose a ``loss_weight``. Adam divides by the norm of the sum,
    so the shares matter and not the norms. Computed in float32 on the CPU;
    weights that a :class:`.RegularizerScheduleHook` changes count in full.

    Args:
        cfg (Config): Of the training; with ``model.regularizers``. If
            ``load_from`` is set, it gives the start.
        checkpoints (Sequence[str]): Trained with it, or with configs of the
            same networks.
        batches (Iterable[dict]): Of the training's data loader. The model is
            in training mode.

    Returns:
        list[dict[str, Pull]]: For the start and each checkpoint, by the name
        of the loss (``landmarks`` for the landmark loss); means over batches.

    Raises:
        InputError: If no regulariser is active, the whole encoder is frozen,
            there are no batches, the landmark loss has no gradient, or a
            checkpoint does not fit.
    """
    # It imports MMPose, which load_config does quietly.
    from mmpose_ctd.trained import load_trained

    model = MODELS.build(cfg.model)
    model.init_weights()
    if not getattr(model, 'active_regularizers', None):
        raise InputError(
            where='model.regularizers',
            found='none has a loss_weight other than 0',
            cure='Use the config of a regularised system, such as '
            'configs/frl_faces/ctd_ed_sface.py.',
        )
    if not any(p.requires_grad for p in model.backbone.parameters()):
        raise InputError(
            where='model.frozen',
            found=f'{cfg.model.get("frozen")} freezes the whole encoder',
            cure='Free a part of it (model.trainable), or use the config of '
            'another system.',
        )
    batches = list(batches)
    if not batches:
        raise InputError(where='train_dataloader', found='no images')
    if cfg.get('load_from'):
        state = read_checkpoint(cfg.load_from, 'load_from', _CURE.rstrip('.'))
        # As the Runner does: the rest keeps its initialisation.
        load_state_dict(model, state.get('state_dict', state), strict=False)
    found = [_pulls(model, batches)]
    for path in checkpoints:
        load_trained(model, path, _CURE)
        found.append(_pulls(model, batches))
    return found


def _pulls(model: nn.Module, batches: list[dict]) -> dict[str, Pull]:
    # Statistics of one batch must not reach the next one.
    kept = {k: v.clone() for k, v in model.named_buffers()}
    model.train()
    rows: dict[str, list[tuple[float, ...]]] = {}
    for batch in batches:
        for name, row in _of_batch(model, batch).items():
            rows.setdefault(name, []).append(row)
    for name, buffer in model.named_buffers():
        buffer.copy_(kept[name])
    return {
        name: Pull(*torch.tensor(row, dtype=torch.float64).mean(0).tolist())
        for name, row in rows.items()
    }


def _of_batch(model: nn.Module, batch: dict) -> dict[str, tuple[float, ...]]:
    data = model.data_preprocessor(batch, True)
    entries = model.loss(data['inputs'], data['data_samples'])
    ours = {f'loss_{name}': name for name in model.active_regularizers}
    losses = {ours[k]: _total(v) for k, v in entries.items() if k in ours}
    theirs = [
        _total(v) for k, v in entries.items() if 'loss' in k and k not in ours
    ]
    losses = {'landmarks': sum(theirs)} | losses
    encoder = [p for p in model.backbone.parameters() if p.requires_grad]
    gradients = {k: _gradient(v, encoder) for k, v in losses.items()}
    task = gradients['landmarks']
    if not task.norm() > 0:
        raise InputError(
            where='The landmark loss of a batch',
            found='it has no gradient with respect to the encoder (none of '
            'its landmarks is labelled, or the loss is not finite)',
        )
    return {
        name: (
            losses[name].item(),
            one.norm().item(),
            (one.norm() / task.norm()).item(),
            torch.cosine_similarity(one, task, 0).item(),
        )
        for name, one in gradients.items()
    }


def _total(loss: Tensor | list[Tensor]) -> Tensor:
    """As mmengine adds up an entry of the loss."""
    return sum(x.mean() for x in (loss if isinstance(loss, list) else [loss]))


def _gradient(loss: Tensor, weights: list[Tensor]) -> Tensor:
    parts = torch.autograd.grad(
        loss, weights, retain_graph=True, allow_unused=True
    )
    return torch.cat(
        [
            torch.zeros(w.numel(), dtype=torch.float64)
            if part is None
            else part.detach().double().flatten()
            for part, w in zip(parts, weights)
        ]
    )


def parse_args() -> Namespace:
    parser = make_parser(__doc__)
    parser.add_argument('config', help='of a regularised system')
    add_checkpoints(parser, '*')
    parser.add_argument(
        '--batches',
        type=int,
        default=10,
        metavar='N',
        help='of training, over which to average (default: 10)',
    )
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    if args.batches < 1:
        raise InputError(f'--batches {args.batches}: expected at least 1.')
    named = named_checkpoints(args.checkpoints)
    cfg = load_config(args)
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    # The head's start and the augmentation are drawn.
    seed = (cfg.get('randomness') or {}).get('seed') or 0
    set_random_seed(seed)
    data = Runner.build_dataloader(cfg.train_dataloader, seed=seed)
    batches = list(itertools.islice(data, args.batches))
    with quiet_logs():
        found = gradient_balance(cfg, list(named.values()), batches)
    table = Table(title=f'The encoder; batches of training: {len(batches)}')
    table.add_column('')
    table.add_column('loss')
    for name in ('value', 'gradient', "of landmarks' gradient", 'cosine'):
        table.add_column(name, justify='right')
    for name, pulls in zip(['start', *named], found):
        for loss, pull in pulls.items():
            table.add_row(
                name,
                loss,
                f'{pull.value:.3g}',
                f'{pull.gradient:.3g}',
                f'{pull.share:.2f}',
                f'{pull.cosine:+.2f}',
            )
        table.add_section()
    Console().print(table)


if __name__ == '__main__':
    run(main)
