"""DELTA: the channels that the new task needs stay as they were."""

import os

from mmpose.registry import MODELS
from torch import Tensor

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.models.outputs import SourceOutputs
from mmpose_ctd.models.teachers.checkpoint import read_checkpoint

from .stage_distill_loss import StageDistillLoss

__all__ = ['DELTALoss']

_HOW_TO_GET = 'mmpose_ctd delta-weights CONFIG CHECKPOINT --out FILE'


@MODELS.register_module()
class DELTALoss(StageDistillLoss):
    r"""Distance of the feature maps, weighted by channel.

    .. math::
        L_{DELTA} = \frac{1}{N} \sum_i \sum_j W_j
        \| E_s(x_i)_j - E_t(x_i)_j \|_2^2

    summed over the positions of channel j; the W_j sum to 1. Source: Li et
    al., "DELTA: Deep learning transfer using feature map with attention for
    convolutional networks", ICLR 2019 (arXiv 1901.09229). Its authors' code
    multiplies this by N * C / (2 * h * w).

    The weights come from ``mmpose_ctd delta-weights``: they are large for the
    channels without which a model with the source's encoder does worse on the
    new task. The file is read when the first image is, so that testing does
    not need it.

    Args:
        loss_weight (float): lambda. Defaults to 1.0.
        channel_weights (str, optional): File of the W_j. Defaults to
            ``None``: all are 1 / C, which is the paper's variant without
            attention.
        **kwargs: ``stage``, ``teacher_stage``, ``connector``, ``resample`` of
            :class:`StageDistillLoss`.
    """

    def __init__(
        self,
        loss_weight: float = 1.0,
        channel_weights: str | None = None,
        **kwargs,
    ) -> None:
        super().__init__(loss_weight, **kwargs)
        if not isinstance(channel_weights, (str, type(None))):
            raise InputError(
                f'DELTALoss: channel_weights={channel_weights!r}; expected '
                f'the name of a file, or None. To get one: {_HOW_TO_GET}'
            )
        self.file = channel_weights
        self._weights: Tensor | None = None

    def distance(
        self, student: SourceOutputs, teacher: SourceOutputs
    ) -> Tensor:
        """Weighted squared distance of each image, (N,).

        Raises:
            MissingFileError: If the file of channel weights does not exist.
            InputError: If it is no such file or is for another number of
                channels; see also :meth:`StageDistillLoss.maps`.
        """
        ours, theirs = self.maps(student, teacher)
        squares = (ours - theirs).square().sum(dim=(2, 3))
        if self.file is None:
            return squares.mean(dim=1)
        if self._weights is None:
            self._weights = _read(self.file)
        channels = squares.shape[1]
        if len(self._weights) != channels:
            raise InputError(
                f'{self._name}: {self.file!r} holds {len(self._weights)} '
                f'channel weights, the map has {channels} channels. Make one '
                f'for this encoder and stage: {_HOW_TO_GET} '
                f'--stage {self.teacher_stage}'
            )
        self._weights = self._weights.to(squares)
        return squares @ self._weights

    def extra_repr(self) -> str:
        return f'{super().extra_repr()}, channel_weights={self.file!r}'


def _read(path: str) -> Tensor:
    """The W_j (C,) of a file, in float64."""
    if not os.path.isfile(path):
        raise MissingFileError(
            f'DELTALoss: channel_weights: {path!r} does not exist. To get '
            f'it: {_HOW_TO_GET}'
        )
    content = read_checkpoint(
        path,
        'DELTALoss: channel_weights',
        f'Make it anew: {_HOW_TO_GET}',
    )
    found = content.get('channel_weights') if isinstance(content, dict) else 0
    if (
        not isinstance(found, Tensor)
        or found.dim() != 1
        or not found.is_floating_point()
        or not bool((found >= 0).all())
        or abs(float(found.double().sum()) - 1) > 1e-3
    ):
        raise InputError(
            f'DELTALoss: channel_weights: {path!r} holds no '
            "'channel_weights' that are >= 0 and sum to 1. Make it anew: "
            f'{_HOW_TO_GET}'
        )
    return found.double()
