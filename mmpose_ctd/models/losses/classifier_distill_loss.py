"""CD: classifier distillation."""

import torch
import torch.nn.functional as F
from mmpose.registry import MODELS
from torch import Tensor

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.outputs import SourceOutputs
from mmpose_ctd.value_checks import check_choice

from .distill_loss import DistillLoss


def _squared_l2(ours: Tensor, theirs: Tensor, temperature: float) -> Tensor:
    ours = torch.softmax(ours / temperature, dim=1)
    theirs = torch.softmax(theirs / temperature, dim=1)
    return (ours - theirs).square().sum(dim=1)


def _kl(ours: Tensor, theirs: Tensor, temperature: float) -> Tensor:
    ours = torch.log_softmax(ours / temperature, dim=1)
    theirs = torch.log_softmax(theirs / temperature, dim=1)
    divergence = F.kl_div(ours, theirs, reduction='none', log_target=True)
    return divergence.sum(dim=1) * temperature**2


_DISTANCES = dict(l2=_squared_l2, kl=_kl)


@MODELS.register_module()
class ClassifierDistillLoss(DistillLoss):
    r"""Classifier distillation, equation (3) of the paper.

    .. math::
        L_{CD} = \frac{1}{N} \sum_i \| \sigma(C_s(E_s(x_i)) / T) -
        \sigma(C_s(E_t(x_i)) / T) \|_2^2

    with sigma the softmax, C_s the source's own classifier, frozen, and T the
    temperature. Source: Fu et al., MLMI 2020 (arXiv 2009.13635). For a source
    without classifier its embedding replaces the logits.

    Args:
        loss_weight (float): lambda. Defaults to 1.0.
        temperature (float): T > 0. Defaults to 1.0.
        distance (str): ``'l2'`` (the paper's), or ``'kl'``: the
            Kullback-Leibler divergence times T^2 of Hinton et al.,
            "Distilling the Knowledge in a Neural Network", 2015. Defaults to
            ``'l2'``.
        connector (dict, optional): See :class:`DistillLoss`; needed if C_s
            takes another number of channels than the student's last map has.
    """

    needs_final = True

    def __init__(
        self,
        loss_weight: float = 1.0,
        temperature: float = 1.0,
        distance: str = 'l2',
        connector: dict | None = None,
    ) -> None:
        super().__init__(loss_weight, connector)
        number = isinstance(temperature, (int, float))
        if not number or not temperature > 0:
            raise InputError(
                where='ClassifierDistillLoss: temperature',
                found=repr(temperature),
                expected='a number > 0',
            )
        check_choice('ClassifierDistillLoss: distance', distance, _DISTANCES)
        self.temperature = temperature
        self.metric = distance

    def distance(
        self, student: SourceOutputs, teacher: SourceOutputs
    ) -> Tensor:
        """Distance of the softened outputs of each image, (N,)."""
        return _DISTANCES[self.metric](
            student.final.float(), teacher.final.float(), self.temperature
        )
