"""DELTA's channel weights: how much the task needs each channel."""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn

from mmpose_ctd.errors import InputError

# Of the authors' code; the paper has neither it nor the standardisation.
_TEMPERATURE = 5.0


@torch.no_grad()
def loss_increases(
    model: nn.Module,
    batches: Iterable[dict],
    stage: int = -1,
    advance: Callable[[int], None] = lambda channels: None,
) -> tuple[Tensor, list[int]]:
    """How the loss rises when a channel of a stage's map is set to 0.

    For the last map only neck and head run again for each channel; for an
    earlier one the whole model, which is put into inference mode.
    ``advance`` is called after every channel with their number C.

    Returns:
        tuple[Tensor, list[int]]: Increase of the head's loss for each batch
        and channel, (batches, C) in float64; number of images of each batch.

    Raises:
        InputError: If the encoder has no such map, or there are no images.
    """
    model.eval()
    rows, sizes = [], []
    for batch in batches:
        data = model.data_preprocessor(batch, False)
        images, samples = data['inputs'], data['data_samples']
        feats = tuple(model.backbone(images))
        muted_feats = _muting(model.backbone, images, feats, stage)
        intact = _loss(model, feats, samples)
        channels = feats[stage].shape[1]
        row = []
        for channel in range(channels):
            loss = _loss(model, muted_feats(channel), samples)
            row.append(loss - intact)
            advance(channels)
        rows.append(row)
        sizes.append(len(samples))
    if not rows:
        raise InputError(where='train_dataloader', found='no images')
    return torch.tensor(rows, dtype=torch.float64), sizes


def _loss(model: nn.Module, feats: tuple[Tensor, ...], samples: list) -> float:
    # A head may change its input in place.
    feats = tuple(x.clone() for x in feats)
    decoded = model.neck(feats) if model.with_neck else feats
    losses = model.head.loss(decoded, samples, train_cfg=model.train_cfg)
    return model.parse_losses(losses)[0].item()


def _muting(
    backbone: nn.Module,
    images: Tensor,
    feats: tuple[Tensor, ...],
    stage: int,
) -> Callable[[int], tuple[Tensor, ...]]:
    """A function: channel -> the encoder's maps with that channel at 0."""
    n = len(feats)
    if not -n <= stage < n:
        raise InputError(
            where=f'stage {stage}',
            found=f'model.backbone gives {n} feature map(s)',
            expected=f'a stage of {-n}..{n - 1}',
            cure='Choose another stage, or add stages to its out_indices.',
        )
    if feats[stage].dim() != 4:
        raise InputError(
            where=f'stage {stage}',
            found='an output of model.backbone of shape '
            f'{tuple(feats[stage].shape)}',
            expected='a map (N, C, h, w)',
        )
    if stage in (-1, n - 1):
        return lambda channel: (*feats[:-1], _mute(feats[-1], channel))
    source = _module_that_gives(backbone, images, stage)

    def run_again(channel: int) -> tuple[Tensor, ...]:
        handle = source.register_forward_hook(
            lambda module, inputs, output: _mute(output, channel)
        )
        try:
            return tuple(backbone(images))
        finally:
            handle.remove()

    return run_again


def _mute(feature_map: Tensor, channel: int) -> Tensor:
    muted = feature_map.clone()
    muted[:, channel] = 0
    return muted


def _module_that_gives(
    backbone: nn.Module, images: Tensor, stage: int
) -> nn.Module:
    """The outermost module whose output is the stage's map."""
    calls: list[tuple[nn.Module, object]] = []
    handles = [
        module.register_forward_hook(
            lambda module, inputs, output: calls.append((module, output))
        )
        for module in backbone.modules()
        if module is not backbone
    ]
    try:
        wanted = backbone(images)[stage]
    finally:
        for handle in handles:
            handle.remove()
    # A module ends after those inside it.
    givers = [module for module, output in calls if output is wanted]
    if not givers or sum(m is givers[-1] for m, _ in calls) != 1:
        raise InputError(
            where=f'stage {stage}',
            found=f'no module of {type(backbone).__name__} outputs this map, '
            'so its channels cannot be set to 0',
            cure='Choose the last stage.',
        )
    return givers[-1]


def channel_weights(
    increases: Tensor, sizes: Sequence[int], softmax: str = 'standardised'
) -> Tensor:
    r"""DELTA's W_j, which sum to 1.

    ``'paper'``, with Delta_ij the increase of image i's loss without channel
    j, is

    .. math::
        W_j = \frac{1}{N} \sum_i \frac{\exp \Delta_{ij}}
        {\sum_k \exp \Delta_{ik}}

    It depends on the unit of the loss. ``'standardised'``, as in the authors'
    code, does not:

    .. math::
        W_j = \mathrm{softmax}_j \frac{\Delta_j - \mu}{5 \sigma}, \quad
        \Delta_j = \frac{1}{N} \sum_i \Delta_{ij}

    with mu and sigma the mean and standard deviation over channels. Source:
    Li et al., ICLR 2019 (arXiv 1901.09229).

    Args:
        increases (Tensor): Of :func:`loss_increases`, (batches, C); for
            ``'paper'`` each batch has to be one image.
        sizes (Sequence[int]): Images of each batch.
        softmax (str): ``'standardised'`` or ``'paper'``. Defaults to the
            former.

    Returns:
        Tensor: (C,), float64.

    Raises:
        InputError: If an increase is not finite.
    """
    if not bool(increases.isfinite().all()):
        raise InputError(
            where='The loss of an image',
            found='it is not finite',
            cure='Check the checkpoint: its training may have diverged.',
        )
    images = torch.tensor(sizes, dtype=increases.dtype)
    images /= images.sum()
    if softmax == 'paper':
        return images @ torch.softmax(increases, dim=1)
    mean = images @ increases
    spread = mean.std(correction=0)
    # Where no channel differs from another, none is preferred.
    score = (mean - mean.mean()) / spread if spread > 0 else mean * 0
    return torch.softmax(score / _TEMPERATURE, dim=0)
