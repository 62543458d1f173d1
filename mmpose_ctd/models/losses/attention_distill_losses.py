"""Spatial and channel attention distillation."""

import torch
import torch.nn.functional as F
from mmpose.registry import MODELS
from torch import Tensor

from mmpose_ctd.models.outputs import SourceOutputs
from mmpose_ctd.value_checks import check_number

from .distill_loss import StageDistillLoss


class AttentionDistillLoss(StageDistillLoss):
    """Base of the two losses: compares where maps are active.

    The energy \\|A\\|^p is summed over the dimensions in ``summed``. The rest
    is the image's attention vector q, scaled to unit length. The loss is the
    squared Euclidean distance of the two vectors.

    Args:
        loss_weight (float): lambda. Defaults to 1.0.
        power (float): Exponent p >= 1 of the energy. Larger values emphasise
            the strongest activations. Defaults to 2.0.
        **kwargs: ``stage``, ``teacher_stage``, ``connector``, ``resample`` of
            :class:`StageDistillLoss`.

    Attributes:
        summed (tuple[int, ...]): Dimensions of (N, C, h, w) to sum over.
    """

    summed: tuple[int, ...]

    reads_one_stage = True

    def __init__(
        self, loss_weight: float = 1.0, power: float = 2.0, **kwargs
    ) -> None:
        super().__init__(loss_weight, **kwargs)
        check_number(f'{type(self).__name__}: power', power, least=1)
        self.power = power

    def attention(self, feature_map: Tensor) -> Tensor:
        """Attention of each image.

        Args:
            feature_map (Tensor): A, (N, C, h, w).

        Returns:
            Tensor: q / ||q||_2, (N, h * w) or (N, C), >= 0; zeros for a map
            of zeros.
        """
        size = feature_map.abs()
        # The result has no scale. Dividing by the peak first keeps powers of
        # very large and very small activations finite and above 0.
        peak = size.detach().amax((1, 2, 3), keepdim=True)
        tiny = torch.finfo(size.dtype).tiny
        energy = (size / peak.clamp_min(tiny)).pow(self.power)
        return F.normalize(energy.sum(self.summed).flatten(1), dim=1)

    def distance(
        self, student: SourceOutputs, teacher: SourceOutputs
    ) -> Tensor:
        """Squared distance of the attentions of each image, (N,), 0 to 2."""
        ours, theirs = map(self.attention, self.maps(student, teacher))
        return (ours - theirs).square().sum(dim=1)


@MODELS.register_module()
class SpatialAttentionDistillLoss(AttentionDistillLoss):
    r"""Spatial attention distillation: the energy at every position.

    .. math::
        L_{SA} = \frac{1}{N} \sum_i \left\| \frac{q(E_s(x_i))}
        {\|q(E_s(x_i))\|_2} - \frac{q(E_t(x_i))}{\|q(E_t(x_i))\|_2}
        \right\|_2^2, \quad q(A)_{yx} = \sum_c |A_{cyx}|^p

    Source: Fu et al., "Facial Anatomical Landmark Detection using Regularized
    Transfer Learning with Application to Fetal Alcohol Syndrome Recognition",
    JBHI 2021 (arXiv 2109.05485), after Zagoruyko and Komodakis, "Paying more
    attention to attention", ICLR 2017 (arXiv 1612.03928). The sum of powers,
    the normalisation and p = 2 are the latter's; their code averages the
    squares over the h * w positions, which are summed here.

    The maps may differ in channels. Arguments are those of
    :class:`AttentionDistillLoss`.
    """

    same_channels = False
    summed = (1,)


@MODELS.register_module()
class ChannelAttentionDistillLoss(AttentionDistillLoss):
    r"""Channel attention distillation: the energy in every channel.

    As :class:`SpatialAttentionDistillLoss` with

    .. math::
        q(A)_c = \frac{1}{hw} \sum_{y, x} |A_{cyx}|^p

    Source: Fu et al., JBHI 2021 (arXiv 2109.05485).

    The maps may differ in size. Arguments are those of
    :class:`AttentionDistillLoss`; ``resample`` has no effect.
    """

    same_size = False
    summed = (2, 3)
