"""Base class of the regularisers."""

from abc import ABCMeta, abstractmethod

from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.models.outputs import SourceOutputs
from mmpose_ctd.value_checks import check_number

__all__ = ['DistillLoss']


class DistillLoss(nn.Module, metaclass=ABCMeta):
    """A regulariser: distance between a student's and a teacher's outputs.

    To add one, subclass it, implement :meth:`distance` and register it in
    MMPose's ``MODELS``. The class attributes say which outputs it needs; the
    estimator computes only those.

    Args:
        loss_weight (float): Weight lambda of the term in the total loss. At 0
            the term is not computed; when all are 0 the teacher never runs.
            Defaults to 1.0.
        connector (dict, optional): Config of a module, by default a
            ``PointwiseConnector``, applied to the student's map before the
            comparison. It trains with the student and is not saved with the
            weights for inference. Defaults to ``None``.

    Attributes:
        needs_feats (bool): Whether the teacher's encoder has to run.
        needs_final (bool): Whether ``SourceOutputs.final`` is needed.
        needs_weights (bool): Whether ``SourceOutputs.weights`` is needed.
        scheduled (bool): Whether a hook sets ``loss_weight`` while training.
            Then the teacher is built even if the weight starts at 0.
    """

    needs_feats = True
    needs_final = False
    needs_weights = False

    def __init__(
        self, loss_weight: float = 1.0, connector: dict | None = None
    ) -> None:
        super().__init__()
        check_number(f'{type(self).__name__}: loss_weight', loss_weight)
        self.loss_weight = loss_weight
        self.scheduled = False
        if connector is not None:
            connector = dict(connector)
            connector.setdefault('type', 'PointwiseConnector')
            connector = MODELS.build(connector)
            # The model's own init_weights() does not reach it.
            if hasattr(connector, 'init_weights'):
                connector.init_weights()
        self.connector = connector

    def forward(
        self, student: SourceOutputs, teacher: SourceOutputs
    ) -> Tensor:
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

    def connect(self, student_map: Tensor) -> Tensor:
        """Apply the connector: (N, c, h, w) to (N, C, h, w)."""
        if self.connector is None:
            return student_map
        return self.connector(student_map)

    def extra_repr(self) -> str:
        return f'loss_weight={self.loss_weight}'
