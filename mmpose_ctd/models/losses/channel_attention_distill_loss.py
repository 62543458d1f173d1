"""Channel attention: the student uses the channels that the teacher uses."""

from mmpose.registry import MODELS

from .attention_distill_loss import AttentionDistillLoss

__all__ = ['ChannelAttentionDistillLoss']


@MODELS.register_module()
class ChannelAttentionDistillLoss(AttentionDistillLoss):
    r"""Channel attention distillation.

    .. math::
        L_{CA} = \frac{1}{N} \sum_i \left\| \frac{q(E_s(x_i))}
        {\|q(E_s(x_i))\|_2} - \frac{q(E_t(x_i))}{\|q(E_t(x_i))\|_2}
        \right\|_2^2, \quad q(A)_c = \frac{1}{hw} \sum_{y, x} |A_{cyx}|^p

    with q the energy of the positions in every channel. Source: Fu et al.,
    "Facial Anatomical Landmark Detection using Regularized Transfer Learning
    with Application to Fetal Alcohol Syndrome Recognition", JBHI 2021 (arXiv
    2109.05485). Normalisation, distance and p = 2 are chosen as in
    :class:`SpatialAttentionDistillLoss`.

    The maps may differ in size; no resampling is needed.

    Args:
        **kwargs: Of :class:`AttentionDistillLoss`: ``loss_weight``,
            ``power``, ``stage``, ``teacher_stage``, ``connector``,
            ``resample`` (without effect here).
    """

    same_size = False
    summed = (2, 3)
