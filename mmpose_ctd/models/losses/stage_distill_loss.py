"""Base class of the regularisers that compare one feature map."""

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
        stage (int): Index of the student encoder's map in its
            ``out_indices``. Defaults to -1, the last.
        teacher_stage (int, optional): Index of the teacher's map. Defaults to
            ``None``: the same index.
        connector (dict, optional): See :class:`DistillLoss`; needed where the
            numbers of channels differ.
        resample (bool): Whether maps of different size are average-pooled to
            the smaller of the two grids. Defaults to ``False``: a difference
            is an error.

    Attributes:
        same_channels (bool): Whether the maps need equal channels.
        same_size (bool): Whether the maps need equal height and width.
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
        """Both maps (N, C, h, w), in float32 (float64 stays float64).

        Raises:
            InputError: If a stage does not exist or is not a map, or if the
                shapes differ and no connector or resampling bridges them.
        """
        ours = self._map_of('backbone', student, 'stage')
        theirs = self._map_of('teacher', teacher, 'teacher_stage')
        # Before the connector, which costs less on fewer positions.
        if self.same_size and ours.shape[2:] != theirs.shape[2:]:
            ours, theirs = self._resampled(ours, theirs)
        ours = self.connect(ours)
        if self.same_channels and ours.shape[1] != theirs.shape[1]:
            if self.connector is None:
                cure = (
                    'Use the same architecture for both, or add to this '
                    f'regulariser connector=dict(in_channels={ours.shape[1]}, '
                    f'out_channels={theirs.shape[1]}).'
                )
            else:
                cure = f"Set its connector's out_channels={theirs.shape[1]}."
            raise self._difference(ours, theirs, 'number of channels', cure)
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

    def _difference(
        self, ours: Tensor, theirs: Tensor, what: str, cure: str
    ) -> InputError:
        return InputError(
            where=self._name,
            found=f'the student map (C, h, w) = {tuple(ours.shape[1:])} '
            f'differs from the teacher map {tuple(theirs.shape[1:])}',
            expected=f'the same {what}',
            cure=cure,
        )

    def _map_of(self, who: str, outputs: SourceOutputs, key: str) -> Tensor:
        stage, n = getattr(self, key), len(outputs.feats)
        if not -n <= stage < n:
            raise InputError(
                where=self._name,
                found=f'model.{who} gives {n} feature map(s)',
                expected=f'a {key} of {-n}..{n - 1}',
                cure=f'Choose another {key}, or add stages to the '
                "encoder's out_indices.",
            )
        found = outputs.feats[stage]
        if found.dim() != 4:
            raise InputError(
                where=self._name,
                found=f'output {stage} of model.{who} has the shape '
                f'{tuple(found.shape)}',
                expected='a map (N, C, h, w)',
                cure="For mmpretrain's transformers set out_type='featmap', "
                'for its ConvNeXt gap_before_final_norm=False.',
            )
        return found

    def _resampled(
        self, ours: Tensor, theirs: Tensor
    ) -> tuple[Tensor, Tensor]:
        if not self.resample:
            raise self._difference(
                ours,
                theirs,
                'height and width',
                'Match stages of equal stride (out_indices of model.backbone '
                'and model.teacher.backbone), or set resample=True in this '
                'regulariser to pool both to the smaller grid.',
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
