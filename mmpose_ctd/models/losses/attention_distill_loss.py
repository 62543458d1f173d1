"""What the two regularisers of attention share."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.outputs import SourceOutputs

from .stage_distill_loss import StageDistillLoss

__all__ = ['AttentionDistillLoss']


class AttentionDistillLoss(StageDistillLoss):
    """Compares where two maps are active, not with what.

    A subclass says over which dimensions of the map the energy |A|^p is
    summed; what is left is the image's attention vector q. It is brought to
    unit length, so that neither the activations' scale nor the map's size
    counts, and compared by the squared Euclidean distance.

    Args:
        loss_weight (float): lambda. Defaults to 1.0.
        power (float): Exponent p >= 1 of the energy; the larger, the more
            the strongest activations count alone. Defaults to 2.0.
        **kwargs: ``stage``, ``teacher_stage``, ``connector``, ``resample`` of
            :class:`StageDistillLoss`.

    Attributes:
        summed (tuple[int, ...]): Dimensions of (N, C, h, w) to sum over.
    """

    summed: tuple[int, ...]

    def __init__(
        self, loss_weight: float = 1.0, power: float = 2.0, **kwargs
    ) -> None:
        super().__init__(loss_weight, **kwargs)
        number = isinstance(power, (int, float))
        if not number or not 1 <= power < float('inf'):
            raise InputError(
                f'{type(self).__name__}: power={power!r}; expected a number '
                '>= 1.'
            )
        self.power = power

    def attention(self, feature_map: Tensor) -> Tensor:
        """Attention of each image, a vector of length 1.

        Args:
            feature_map (Tensor): A, (N, C, h, w).

        Returns:
            Tensor: q / ||q||_2, (N, h * w) or (N, C), not negative; zeros for
            a map of zeros.
        """
        size = feature_map.abs()
        # The scale goes in the end. Taken out first, no power of a large
        # activation overflows and none of a small one vanishes.
        peak = size.detach().amax((1, 2, 3), keepdim=True)
        tiny = torch.finfo(size.dtype).tiny
        energy = (size / peak.clamp_min(tiny)).pow(self.power)
        return F.normalize(energy.sum(self.summed).flatten(1), dim=1)

    def distance(
        self, student: SourceOutputs, teacher: SourceOutputs
    ) -> Tensor:
        """Squared distance of the attentions of each image, (N,), 0 to 2.

        Raises:
            InputError: See :meth:`StageDistillLoss.maps`.
        """
        ours, theirs = map(self.attention, self.maps(student, teacher))
        return (ours - theirs).square().sum(dim=1)

    def extra_repr(self) -> str:
        return f'{super().extra_repr()}, power={self.power}'
