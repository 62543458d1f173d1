"""Hints: the student's map, through a regressor, is the teacher's."""

from mmpose.registry import MODELS
from torch import Tensor

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.outputs import SourceOutputs

from .stage_distill_loss import StageDistillLoss

__all__ = ['HintLoss']


@MODELS.register_module()
class HintLoss(StageDistillLoss):
    r"""FitNets' hints, on any stage.

    .. math::
        L_{HT} = \frac{1}{N} \sum_i \frac{1}{2 Chw}
        \| E_s(x_i) - r(E_t(x_i)) \|_2^2

    with r the regressor, which is this regulariser's ``connector`` (the
    identity without one). Source: Romero et al., "FitNets: Hints for thin
    deep nets", ICLR 2015 (arXiv 1412.6550), equation (3). There the squares
    are summed; here they are averaged over the map's C * h * w values, so
    that a weight means the same on every stage and at every input size.

    Args:
        loss_weight (float): lambda. Defaults to 1.0.
        reduction (str): ``'mean'`` over the values of the map, or
            ``'sum'``, as FitNets writes it. Defaults to ``'mean'``.
        **kwargs: ``stage``, ``teacher_stage``, ``connector``, ``resample`` of
            :class:`StageDistillLoss`.
    """

    def __init__(
        self, loss_weight: float = 1.0, reduction: str = 'mean', **kwargs
    ) -> None:
        super().__init__(loss_weight, **kwargs)
        if reduction not in ('mean', 'sum'):
            raise InputError(
                f'HintLoss: reduction={reduction!r}; expected one of '
                "['mean', 'sum']."
            )
        self.reduction = reduction

    def distance(
        self, student: SourceOutputs, teacher: SourceOutputs
    ) -> Tensor:
        """Half the squared distance of each image, (N,).

        Raises:
            InputError: See :meth:`StageDistillLoss.maps`.
        """
        ours, theirs = self.maps(student, teacher)
        squares = (ours - theirs).square().flatten(1)
        return 0.5 * getattr(squares, self.reduction)(dim=1)

    def extra_repr(self) -> str:
        return f'{super().extra_repr()}, reduction={self.reduction!r}'
