"""How hard each loss pulls at the encoder."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from mmengine.config import Config
from mmengine.runner.checkpoint import load_state_dict
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.checkpoint_file import read_checkpoint
from mmpose_ctd.errors import InputError
from mmpose_ctd.trained import load_trained

_CURE = 'Give the config that the checkpoint was trained with.'


@dataclass(frozen=True)
class Pull:
    """Of one loss, by its gradient with respect to the encoder's weights.

    Attributes:
        value (float): The loss, its weight included.
        gradient (float): Length of its gradient.
        share (float): That length as a share of the landmarks' loss's.
        cosine (float): Between the two gradients: negative where the loss
            pulls against the landmarks'.
    """

    value: float
    gradient: float
    share: float
    cosine: float


def gradient_balance(
    cfg: Config, checkpoints: Sequence[str], batches: Iterable[dict]
) -> list[dict[str, Pull]]:
    """Compare the regularisers' gradients with that of the landmarks' loss.

    What a ``loss_weight`` means depends on the size of both losses, which
    changes with the data and while training. Adam divides by the length of
    the sum, so the shares count and not the lengths. In float32 on the CPU,
    whatever the training's precision; a weight that a
    :class:`.RegularizerScheduleHook` changes is taken at its full value.

    Args:
        cfg (Config): Of the training; with ``model.regularizers``. The start
            is that of ``load_from``, if it is set.
        checkpoints (Sequence[str]): What was trained with it, or with
            siblings of the same networks; before them comes the start.
        batches (Iterable[dict]): Of the training's data loader; the same for
            all. The model is in training mode, as it learns from them.

    Returns:
        list[dict[str, Pull]]: For the start and each checkpoint, by the
        loss's name; the landmarks' is ``landmarks``. Each number is the mean
        over batches.

    Raises:
        InputError: If no regulariser is at work, the whole encoder is frozen,
            there are no batches, the landmarks' loss has no gradient, or a
            checkpoint does not fit.
    """
    model = MODELS.build(cfg.model)
    model.init_weights()
    if not getattr(model, 'active_regularizers', None):
        raise InputError(
            'model.regularizers: none has a loss_weight other than 0, so that '
            'there is nothing to compare. Give the config of a regularised '
            'system, such as configs/frl_faces/ctd_ed_sface.py.'
        )
    if not any(p.requires_grad for p in model.backbone.parameters()):
        raise InputError(
            f'model.frozen={cfg.model.get("frozen")}: nothing of the encoder '
            'learns, so that no loss pulls at it. Free a part of it '
            '(model.trainable), or give the config of another system.'
        )
    batches = list(batches)
    if not batches:
        raise InputError('The training data hold no images.')
    if cfg.get('load_from'):
        state = read_checkpoint(cfg.load_from, 'load_from', _CURE.rstrip('.'))
        # As the Runner does: what does not fit stays as it was drawn.
        load_state_dict(model, state.get('state_dict', state), strict=False)
    found = [_pulls(model, batches)]
    for path in checkpoints:
        load_trained(model, path, _CURE)
        found.append(_pulls(model, batches))
    return found


def _pulls(model: nn.Module, batches: list[dict]) -> dict[str, Pull]:
    # The statistics that a batch leaves must not reach the next one's.
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
            "A batch's landmark loss has no gradient with respect to the "
            'encoder: none of its landmarks is labelled, or the loss is not '
            'finite. There is nothing to compare the regularisers with.'
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
