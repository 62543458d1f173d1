"""What the regularisers of one feature map share."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.outputs import SourceOutputs

from .distill_loss import DistillLoss

__all__ = ['StageDistillLoss']


class StageDistillLoss(DistillLoss):
    """Compares one feature map of the student with one of the teacher.

    Args:
        loss_weight (float): lambda. Defaults to 1.0.
        stage (int): Which of the student encoder's maps, an index into its
            ``out_indices``. Defaults to -1, the last.
        teacher_stage (int, optional): Which of the teacher's. Defaults to
            ``None``: the same index.
        connector (dict, optional): See :class:`DistillLoss`; needed where the
            numbers of channels differ.
        resample (bool): Whether maps of different size are compared, after
            both are average-pooled to the smaller of the two grids. Defaults
            to ``False``: a difference is an error.

    Attributes:
        same_channels (bool): Whether the maps need as many channels.
        same_size (bool): Whether they need as many positions.
    """

    same_channels = True
    same_size = True

    def __init__(
        self,
        loss_weight: float = 1.0,
        stage: int = -1,
        teacher_stage: int | None = None,
        connector: dict | None = None,
        resample: bool = False,
    ) -> None:
        super().__init__(loss_weight, connector)
        self.stage = stage
        self.teacher_stage = stage if teacher_stage is None else teacher_stage
        self.resample = resample

    def maps(
        self, student: SourceOutputs, teacher: SourceOutputs
    ) -> tuple[Tensor, Tensor]:
        """Both maps (N, C, h, w), in float32 at least.

        Their shapes are equal, as far as the subclass needs them to be. Half
        types become float32; float64 stays, so that a formula can be checked
        to the precision its user asks for.

        Raises:
            InputError: If a stage does not exist, is no map, or the shapes
                differ and the config does not bridge it.
        """
        ours = self._map_of('backbone', student, 'stage')
        theirs = self._map_of('teacher', teacher, 'teacher_stage')
        # Before the connector: on fewer positions it costs less.
        if self.same_size and ours.shape[2:] != theirs.shape[2:]:
            ours, theirs = self._resampled(ours, theirs)
        ours = self.connect(ours)
        if self.same_channels and ours.shape[1] != theirs.shape[1]:
            if self.connector is None:
                cure = (
                    'Use the same architecture for both, or let a connector '
                    'learn the way: connector=dict('
                    f'in_channels={ours.shape[1]}, '
                    f'out_channels={theirs.shape[1]}) in this regulariser.'
                )
            else:
                cure = f"Set its connector's out_channels={theirs.shape[1]}."
            raise InputError(
                f'{self._name}: the student map (C, h, w) = '
                f'{tuple(ours.shape[1:])} differs from the teacher map '
                f'{tuple(theirs.shape[1:])} in channels. {cure}'
            )
        return tuple(
            x if x.dtype == torch.float64 else x.float()
            for x in (ours, theirs)
        )

    @property
    def _name(self) -> str:
        stages = f'stage={self.stage}'
        if self.teacher_stage != self.stage:
            stages += f', teacher_stage={self.teacher_stage}'
        return f'{type(self).__name__}({stages})'

    def _map_of(self, who: str, outputs: SourceOutputs, key: str) -> Tensor:
        stage, n = getattr(self, key), len(outputs.feats)
        if not -n <= stage < n:
            raise InputError(
                f'{self._name}: model.{who} gives {n} feature map(s). Name '
                f'more in its out_indices, or choose a {key} of '
                f'{-n}..{n - 1}.'
            )
        found = outputs.feats[stage]
        if found.dim() != 4:
            raise InputError(
                f'{self._name}: output {stage} of model.{who} has the shape '
                f'{tuple(found.shape)}, which is no map (N, C, h, w). Make '
                "it give maps (of mmpretrain's transformers: "
                "out_type='featmap'; ConvNeXt: gap_before_final_norm=False)."
            )
        return found

    def _resampled(
        self, ours: Tensor, theirs: Tensor
    ) -> tuple[Tensor, Tensor]:
        if not self.resample:
            raise InputError(
                f'{self._name}: the student map (C, h, w) = '
                f'{tuple(ours.shape[1:])} differs from the teacher map '
                f'{tuple(theirs.shape[1:])} in size. Match stages of equal '
                'stride (out_indices of model.backbone and '
                'model.teacher.backbone), or set resample=True in this '
                'regulariser: both are then pooled to the smaller grid.'
            )
        pairs = zip(ours.shape[2:], theirs.shape[2:])
        grid = tuple(min(pair) for pair in pairs)
        return tuple(
            x if tuple(x.shape[2:]) == grid else F.adaptive_avg_pool2d(x, grid)
            for x in (ours, theirs)
        )

    def extra_repr(self) -> str:
        text = f'{super().extra_repr()}, stage={self.stage}'
        if self.teacher_stage != self.stage:
            text += f', teacher_stage={self.teacher_stage}'
        return text + (', resample=True' if self.resample else '')
