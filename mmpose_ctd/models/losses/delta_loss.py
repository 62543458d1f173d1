"""DELTA: distance of feature maps, weighted by channel."""

import os

from mmpose.registry import MODELS
from torch import Tensor

from mmpose_ctd.checkpoint_file import read_checkpoint
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.models.outputs import SourceOutputs

from .distill_loss import StageDistillLoss

_WHERE = 'DELTALoss: channel_weights'
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

    ``mmpose_ctd delta-weights`` computes the weights; a channel that matters
    for the new task has a large one. The file is read with the first batch of
    a training; testing does not need it.

    Args:
        loss_weight (float): lambda. Defaults to 1.0.
        channel_weights (str, optional): File of the W_j. Defaults to
            ``None``: all are 1 / C, which is the paper's variant without
            attention.
        **kwargs: ``stage``, ``teacher_stage``, ``connector``, ``resample`` of
            :class:`StageDistillLoss`.
    """

    reads_one_stage = True

    def __init__(
        self,
        loss_weight: float = 1.0,
        channel_weights: str | None = None,
        **kwargs,
    ) -> None:
        super().__init__(loss_weight, **kwargs)
        if not isinstance(channel_weights, (str, type(None))):
            raise InputError(
                where=_WHERE,
                found=repr(channel_weights),
                expected='the name of a file, or None',
                cure=f'To create one: {_HOW_TO_GET}',
            )
        self.file = channel_weights
        self._weights: Tensor | None = None

    def distance(
        self, student: SourceOutputs, teacher: SourceOutputs
    ) -> Tensor:
        """Weighted squared distance of each image, (N,).

        Raises:
            MissingFileError: If the file of channel weights does not exist.
            InputError: If it is another file, or for another number of
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
                where=f'{_WHERE}: {self.file!r}',
                found=f'{len(self._weights)} weights',
                expected=f'{channels}, the number of channels of the map',
                cure='Create it for this encoder and stage: '
                f'{_HOW_TO_GET} --stage {self.teacher_stage}',
            )
        self._weights = self._weights.to(squares)
        return squares @ self._weights


def _read(path: str) -> Tensor:
    """The W_j (C,) of a file, in float64."""
    cure = f'To create it: {_HOW_TO_GET}'
    if not os.path.isfile(path):
        raise MissingFileError(
            where=f'{_WHERE}: {path!r}', found='no such file', cure=cure
        )
    content = read_checkpoint(path, _WHERE, cure)
    found = content.get('channel_weights') if isinstance(content, dict) else 0
    if (
        not isinstance(found, Tensor)
        or found.dim() != 1
        or not found.is_floating_point()
        or not bool((found >= 0).all())
        or abs(float(found.double().sum()) - 1) > 1e-3
    ):
        raise InputError(
            where=f'{_WHERE}: {path!r}',
            found='the file has no such entry',
            expected="'channel_weights', >= 0, with the sum 1",
            cure=cure,
        )
    return found.double()
