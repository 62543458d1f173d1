"""Base classes of the regularisers, and the connector between two maps."""

from abc import ABCMeta, abstractmethod

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.outputs import SourceOutputs
from mmpose_ctd.value_checks import check_number


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
        reads_one_stage (bool): Whether of the teacher it reads the map of its
            ``teacher_stage`` alone: then the teacher may stop there, and
            later maps are None. Defaults to False.
        scheduled (bool): Whether a hook sets ``loss_weight`` while training.
            Then the teacher is built even if the weight starts at 0.
        every (int): At which steps the estimator computes the term, set by
            :class:`.CTDTopdownPoseEstimator`.
    """

    needs_feats = True
    needs_final = False
    needs_weights = False
    reads_one_stage = False

    def __init__(
        self, loss_weight: float = 1.0, connector: dict | None = None
    ) -> None:
        super().__init__()
        check_number(f'{type(self).__name__}: loss_weight', loss_weight)
        self.loss_weight = loss_weight
        self.scheduled = False
        self.every = 1
        if connector is not None:
            if not isinstance(connector, dict):
                raise InputError(
                    where=f'{type(self).__name__}: connector',
                    found=repr(connector),
                    expected='dict(in_channels=..., out_channels=...)',
                )
            connector = MODELS.build(
                dict(type='PointwiseConnector') | dict(connector)
            )
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

        Raises:
            InputError: If the distance is not (N,).
        """
        distance = self.distance(student, teacher)
        if not isinstance(distance, Tensor) or distance.dim() != 1:
            found = getattr(distance, 'shape', None)
            raise InputError(
                where=f'{type(self).__name__}.distance',
                found=repr(distance) if found is None else f'{tuple(found)}',
                expected='a number of each image, (N,)',
            )
        return self.loss_weight * distance.mean()

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
        for key in ('stage', 'teacher_stage'):
            if not isinstance(getattr(self, key), int):
                raise InputError(
                    where=f'{type(self).__name__}: {key}',
                    found=repr(getattr(self, key)),
                    expected='the index of one map, such as -1',
                    cure='Several stages are several terms.',
                )
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
            if not self.resample:
                raise self._difference(
                    ours,
                    theirs,
                    'height and width',
                    'Match stages of equal stride (out_indices of '
                    'model.backbone and model.teacher.backbone), or set '
                    'resample=True in this regulariser to pool both to the '
                    'smaller grid.',
                )
            grid = tuple(map(min, ours.shape[2:], theirs.shape[2:]))
            ours, theirs = (
                x if x.shape[2:] == grid else F.adaptive_avg_pool2d(x, grid)
                for x in (ours, theirs)
            )
        ours = self.connect(ours)
        if self.same_channels and ours.shape[1] != theirs.shape[1]:
            cure = f"Set its connector's out_channels={theirs.shape[1]}."
            if self.connector is None:
                cure = (
                    'Use the same architecture for both, or add to this '
                    f'regulariser connector=dict(in_channels={ours.shape[1]}, '
                    f'out_channels={theirs.shape[1]}).'
                )
            raise self._difference(ours, theirs, 'number of channels', cure)
        return tuple(
            x if x.dtype == torch.float64 else x.float()
            for x in (ours, theirs)
        )

    @property
    def _name(self) -> str:
        name = f'{type(self).__name__}(stage={self.stage}'
        if self.teacher_stage != self.stage:
            name += f', teacher_stage={self.teacher_stage}'
        return f'{name})'

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
        if found is None:
            raise InputError(
                where=self._name,
                found=f'map {stage} of model.{who} was not computed',
                cure='Set the class attribute reads_one_stage to False: the '
                'term reads other maps than that of its teacher_stage.',
            )
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


@MODELS.register_module()
class PointwiseConnector(BaseModule):
    """A 1x1 convolution between two networks' maps.

    It belongs to a regulariser and trains with the student. Inference does
    not load it. Source: Romero et al., "FitNets: Hints for thin deep nets",
    ICLR 2015 (the regressor).

    Args:
        in_channels (int): Channels c of the student's map.
        out_channels (int): Channels C of the teacher's map.
        bias (bool): Whether there is an offset. Defaults to ``True``.
        init_cfg (dict, optional): Initialisation. Defaults to ``None``:
            torch's of a convolution.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        bias: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, c, h, w) to (N, C, h, w).

        Raises:
            InputError: If the map has another number of channels.
        """
        if x.dim() != 4 or x.shape[1] != self.conv.in_channels:
            raise InputError(
                where=f'connector: in_channels={self.conv.in_channels}',
                found=f'a student map (C, h, w) = {tuple(x.shape[1:])}',
                cure=f'Set in_channels={x.shape[1]}.',
            )
        return self.conv(x)
