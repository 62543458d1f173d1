"""FitNets' hints: squared distance of two maps."""

from mmpose.registry import MODELS
from torch import Tensor

from mmpose_ctd.models.outputs import SourceOutputs
from mmpose_ctd.value_checks import check_choice

from .distill_loss import StageDistillLoss


@MODELS.register_module()
class HintLoss(StageDistillLoss):
    r"""FitNets' hints, on any stage.

    .. math::
        L_{HT} = \frac{1}{N} \sum_i \frac{1}{2 Chw}
        \| E_s(x_i) - r(E_t(x_i)) \|_2^2

    with r the regressor, which is this regulariser's ``connector`` (the
    identity without one). Source: Romero et al., "FitNets: Hints for thin
    deep nets", ICLR 2015 (arXiv 1412.6550), equation (3). FitNets sums the
    squares. Here they are averaged over the map's C * h * w values; a weight
    then means the same on every stage and at every input size.

    Args:
        loss_weight (float): lambda. Defaults to 1.0.
        reduction (str): ``'mean'`` over the values of the map, or
            ``'sum'``, as FitNets writes it. Defaults to ``'mean'``.
        **kwargs: ``stage``, ``teacher_stage``, ``connector``, ``resample`` of
            :class:`StageDistillLoss`.
    """

    reads_one_stage = True

    def __init__(
        self, loss_weight: float = 1.0, reduction: str = 'mean', **kwargs
    ) -> None:
        super().__init__(loss_weight, **kwargs)
        check_choice('HintLoss: reduction', reduction, ('mean', 'sum'))
        self.reduction = reduction

    def distance(
        self, student: SourceOutputs, teacher: SourceOutputs
    ) -> Tensor:
        """Half the squared distance of each image, (N,)."""
        ours, theirs = self.maps(student, teacher)
        squares = (ours - theirs).square()
        # Not flattened: the gradient then lies in memory as the map does.
        return 0.5 * getattr(squares, self.reduction)(dim=(1, 2, 3))
