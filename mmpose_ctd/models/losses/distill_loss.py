"""The one signature of the regularisers."""

from abc import ABCMeta, abstractmethod

from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.outputs import SourceOutputs

__all__ = ['DistillLoss']


class DistillLoss(nn.Module, metaclass=ABCMeta):
    """A regulariser: distance between a student's and a teacher's outputs.

    A new one is a subclass with :meth:`distance`, registered in MMPose's
    ``MODELS``.

    Args:
        loss_weight (float): Weight lambda of the term in the total loss. At 0
            the term is not computed; when all are 0 the teacher never runs.
            Defaults to 1.0.

    Attributes:
        needs_final (bool): Whether the estimator has to compute
            ``SourceOutputs.final``.
    """

    needs_final = False

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        number = isinstance(loss_weight, (int, float))
        if not number or not loss_weight >= 0:
            raise InputError(
                f'{type(self).__name__}: loss_weight={loss_weight!r}; '
                'expected a number >= 0.'
            )
        self.loss_weight = loss_weight

    def forward(self, student: SourceOutputs, teacher: SourceOutputs):
        """Weighted distance, averaged over the N images of the batch.

        Args:
            student (SourceOutputs): The student's, with gradient.
            teacher (SourceOutputs): The teacher's, without.

        Returns:
            Tensor: A scalar, ``loss_weight * mean(distance)``.
        """
        return self.loss_weight * self.distance(student, teacher).mean()

    @abstractmethod
    def distance(
        self, student: SourceOutputs, teacher: SourceOutputs
    ) -> Tensor:
        """Distance of each image, (N,)."""

    def extra_repr(self) -> str:
        return f'loss_weight={self.loss_weight}'

    def _stage(
        self, student: SourceOutputs, teacher: SourceOutputs, stage: int
    ) -> tuple[Tensor, Tensor]:
        """Both maps (N, C, h, w) of one stage, in float32, of equal shape."""
        name = f'{type(self).__name__}(stage={stage})'
        for who, outputs in (('backbone', student), ('teacher', teacher)):
            n = len(outputs.feats)
            if not -n <= stage < n:
                raise InputError(
                    f'{name}: model.{who} gives {n} feature map(s). Name '
                    f'more in its out_indices, or choose a stage of '
                    f'{-n}..{n - 1}.'
                )
        ours, theirs = student.feats[stage], teacher.feats[stage]
        if ours.shape != theirs.shape:
            raise InputError(
                f'{name}: the student map (C, h, w) = '
                f'{tuple(ours.shape[1:])} differs from the teacher map '
                f'{tuple(theirs.shape[1:])}. Match stages of equal channels '
                'and stride (out_indices of model.backbone and '
                'model.teacher.backbone), or use the same architecture.'
            )
        return ours.float(), theirs.float()
