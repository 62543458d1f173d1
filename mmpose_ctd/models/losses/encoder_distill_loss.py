"""ED: encoder distillation."""

import torch
import torch.nn.functional as F
from mmpose.registry import MODELS
from torch import Tensor

from mmpose_ctd.models.outputs import SourceOutputs
from mmpose_ctd.value_checks import check_choice

from .distill_loss import StageDistillLoss

# (N, C, h, w) -> the vectors to compare, (N, number, length).
_VECTORS = dict(
    map=lambda x: x.flatten(1).unsqueeze(1),
    position=lambda x: x.flatten(2).transpose(1, 2),
    channel=lambda x: x.flatten(2),
)


@MODELS.register_module()
class EncoderDistillLoss(StageDistillLoss):
    r"""Encoder distillation, equation (4) of the paper.

    .. math::
        L_{ED} = \frac{1}{N} \sum_i 1 - \cos(\mathrm{vec}\, E_s(x_i),
        \mathrm{vec}\, E_t(x_i))

    with E_s the frozen source encoder and E_t the target's. Source: Fu et
    al., "Cross-Task Representation Learning for Anatomical Landmark
    Detection", MLMI 2020 (arXiv 2009.13635).

    Args:
        loss_weight (float): lambda. Defaults to 1.0.
        granularity (str): What one vector is: the whole ``'map'`` (the
            paper's), the channels of a ``'position'``, or the positions of a
            ``'channel'``. The cosines of an image are averaged. Defaults to
            ``'map'``.
        **kwargs: ``stage``, ``teacher_stage``, ``connector``, ``resample`` of
            :class:`StageDistillLoss`.
    """

    reads_one_stage = True

    def __init__(
        self,
        loss_weight: float = 1.0,
        granularity: str = 'map',
        **kwargs,
    ) -> None:
        super().__init__(loss_weight, **kwargs)
        check_choice('EncoderDistillLoss: granularity', granularity, _VECTORS)
        self.granularity = granularity

    def distance(
        self, student: SourceOutputs, teacher: SourceOutputs
    ) -> Tensor:
        """1 - cosine of each image, (N,), between 0 and 2."""
        ours, theirs = self.maps(student, teacher)
        if self.granularity == 'map' and ours.is_contiguous(
            memory_format=torch.channels_last
        ):
            # Flattened as it lies in memory: a copy in another order would
            # give the encoder a gradient in a slow layout.
            ours, theirs = (x.permute(0, 2, 3, 1) for x in (ours, theirs))
        vectors = _VECTORS[self.granularity]
        cosine = F.cosine_similarity(vectors(ours), vectors(theirs), dim=-1)
        return 1 - cosine.mean(dim=1)
