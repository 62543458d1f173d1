"""Spatial attention: the student is active where the teacher is."""

from mmpose.registry import MODELS

from .attention_distill_loss import AttentionDistillLoss

__all__ = ['SpatialAttentionDistillLoss']


@MODELS.register_module()
class SpatialAttentionDistillLoss(AttentionDistillLoss):
    r"""Spatial attention distillation.

    .. math::
        L_{SA} = \frac{1}{N} \sum_i \left\| \frac{q(E_s(x_i))}
        {\|q(E_s(x_i))\|_2} - \frac{q(E_t(x_i))}{\|q(E_t(x_i))\|_2}
        \right\|_2^2, \quad q(A)_{yx} = \sum_c |A_{cyx}|^p

    with q the energy of the channels at every position. Source: Fu et al.,
    "Facial Anatomical Landmark Detection using Regularized Transfer Learning
    with Application to Fetal Alcohol Syndrome Recognition", JBHI 2021 (arXiv
    2109.05485), after Zagoruyko and Komodakis, "Paying more attention to
    attention", ICLR 2017 (arXiv 1612.03928). Sum of powers, normalisation and
    p = 2 are the latter's; their code averages the squares over the h * w
    positions, which are summed here.

    Student and teacher may differ in channels; no connector is needed.

    Args:
        **kwargs: Of :class:`AttentionDistillLoss`: ``loss_weight``,
            ``power``, ``stage``, ``teacher_stage``, ``connector``,
            ``resample``.
    """

    same_channels = False
    summed = (1,)
