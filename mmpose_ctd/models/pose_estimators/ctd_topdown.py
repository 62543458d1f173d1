"""MMPose's top-down model, trained with a frozen teacher beside it."""

import torch
from mmengine.logging import print_log
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.heads.float32_output import give_float32
from mmpose_ctd.models.losses import DistillLoss
from mmpose_ctd.models.outputs import SourceOutputs
from mmpose_ctd.models.teachers import SourceModel, TeacherHolder
from mmpose_ctd.models.teachers.checkpoint import (
    load_source_state,
    load_strictly,
)

__all__ = ['CTDTopdownPoseEstimator']


@MODELS.register_module()
class CTDTopdownPoseEstimator(TopdownPoseEstimator):
    r"""Top-down heat-map model with cross-task regularisation.

    .. math::
        L = L_R + \sum_j \lambda_j L_j

    where L_R is the head's own loss and every L_j compares the student's
    encoder with a frozen source network's on the same images. Source: Fu et
    al., MLMI 2020 (arXiv 2009.13635), equation (2).

    The model's state dict is exactly that of MMPose's
    ``TopdownPoseEstimator`` of the same parts: a checkpoint loads there.
    The teacher exists only while training, and only if some regulariser's
    weight is not 0.

    Args:
        teacher (dict, optional): Config of a :class:`SourceModel`. Defaults
            to ``None``: a plain top-down model.
        regularizers (dict[str, dict]): The terms L_j: name -> config of a
            :class:`DistillLoss`. The term is logged as ``loss_<name>``.
            Defaults to ``{}``: plain fine-tuning.
        init_from_teacher (bool): Whether the backbone starts as a copy of the
            teacher's, checked key by key. Defaults to ``True``; without
            effect if ``teacher`` is ``None``.
        channels_last (bool): Whether images and weights lie in memory with
            the channels last: the same numbers up to rounding, faster on
            current CPUs and GPUs. Defaults to ``False``.
        **kwargs: Arguments of ``TopdownPoseEstimator``.

    Raises:
        InputError: If regularisers are given without a teacher, or one is
            not a :class:`DistillLoss`.
    """

    def __init__(
        self,
        *args,
        teacher: dict | None = None,
        regularizers: dict[str, dict] | None = None,
        init_from_teacher: bool = True,
        channels_last: bool = False,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        # MMPose's training accuracy is a detour through numpy at each step.
        self.train_cfg = dict(compute_acc=False) | dict(self.train_cfg)
        if self.with_head:
            give_float32(self.head)
        self.regularizers = nn.ModuleDict(
            {
                name: MODELS.build(config)
                for name, config in (regularizers or {}).items()
                if config is not None
            }
        )
        for name, term in self.regularizers.items():
            if not isinstance(term, DistillLoss):
                raise InputError(
                    f'model.regularizers.{name}: {type(term).__name__} is '
                    'no regulariser; expected a subclass of DistillLoss, '
                    'such as EncoderDistillLoss.'
                )
        if self.regularizers and teacher is None:
            raise InputError(
                f'model.regularizers names {list(self.regularizers)}, but '
                'model.teacher is not set. Give a SourceModel there.'
            )
        self._teacher_cfg = teacher
        self._teacher = TeacherHolder()
        self._init_from_teacher = init_from_teacher and teacher is not None
        self.channels_last = channels_last
        if channels_last:
            self.to(memory_format=torch.channels_last)

    # ---------------------------------------------------------- life cycle

    @property
    def teacher(self) -> SourceModel | None:
        """The frozen source model; ``None`` when nothing asks for it."""
        return self._teacher.module

    @property
    def active_regularizers(self) -> dict[str, DistillLoss]:
        """The terms whose weight is not 0."""
        return {n: r for n, r in self.regularizers.items() if r.loss_weight}

    def init_weights(self) -> None:
        """Initialise; copy the source's encoder; build the teacher if needed.

        The Runner calls it before training, never before testing.
        """
        super().init_weights()
        if self._init_from_teacher:
            self._copy_source_encoder()
        if self.active_regularizers:
            self._build_teacher()

    def _copy_source_encoder(self) -> None:
        config = self._teacher_cfg
        path = config.get('checkpoint')
        if path is None:
            raise InputError(
                'model.init_from_teacher=True, but model.teacher.checkpoint '
                'is not set. Name the source model file, or set '
                'model.init_from_teacher=False.'
            )
        state = load_source_state(path, config.get('how_to_get', ''))
        load_strictly(
            self.backbone,
            state['backbone'],
            f'the encoder of {path!r} into model.backbone',
            'Use the architecture of model.teacher.backbone, or set '
            'model.init_from_teacher=False to start from '
            'model.backbone.init_cfg.',
        )
        print_log(f'The backbone starts from {path}', 'current')

    def _build_teacher(self) -> None:
        # A type may be left out of the config: there is one kind of teacher.
        config = dict(self._teacher_cfg)
        config.setdefault('type', 'SourceModel')
        teacher = MODELS.build(config)
        teacher.adapt_to(self.data_preprocessor)
        place = next(self.parameters())
        teacher.to(device=place.device, dtype=place.dtype)
        if self.channels_last:
            teacher.to(memory_format=torch.channels_last)
        self._teacher.module = teacher
        print_log(
            f'Frozen teacher built for {list(self.active_regularizers)}',
            'current',
        )

    def _apply(self, fn, *args, **kwargs):
        """Take the teacher along: .to(), .cuda(), .double() ..."""
        super()._apply(fn, *args, **kwargs)
        if self.teacher is not None:
            self.teacher._apply(fn, *args, **kwargs)
        return self

    # ------------------------------------------------------------ training

    def forward(self, inputs, *args, **kwargs):
        """See ``BasePoseEstimator.forward``; lays out the images first."""
        if isinstance(inputs, list):
            inputs = torch.stack(inputs)
        if self.channels_last:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        return super().forward(inputs, *args, **kwargs)

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """The head's losses and one entry a regulariser.

        Args:
            inputs (Tensor): Images (N, 3, H, W), preprocessed.
            data_samples (list[PoseDataSample]): Their N samples.

        Returns:
            dict: Every entry named ``loss*`` is summed by mmengine into the
            total.

        Raises:
            RuntimeError: If a regulariser is active and ``init_weights()``
                has not been called.
        """
        feats = self.backbone(inputs)
        decoded = self.neck(feats) if self.with_neck else feats
        losses = self.head.loss(
            decoded, data_samples, train_cfg=self.train_cfg
        )
        active = self.active_regularizers
        if active:
            student, teacher = self._source_outputs(inputs, feats, active)
            for name, term in active.items():
                losses[f'loss_{name}'] = term(student, teacher)
        return losses

    def _source_outputs(
        self, inputs: Tensor, feats: tuple[Tensor, ...], active: dict
    ) -> tuple[SourceOutputs, SourceOutputs]:
        source = self.teacher
        if source is None:
            raise RuntimeError(
                f'The regularisers {list(active)} need the teacher, which '
                'init_weights() builds: call it before training.'
            )
        needs_final = any(term.needs_final for term in active.values())
        teacher = source(inputs, needs_final)
        final = None
        if needs_final:
            ours, theirs = feats[-1].shape[1], teacher.feats[-1].shape[1]
            if ours != theirs:
                raise InputError(
                    "The source's final layer takes maps of "
                    f'{theirs} channels, the student gives {ours}: use the '
                    'same architecture in model.backbone and '
                    'model.teacher.backbone, or EncoderDistillLoss alone.'
                )
            final = source.classify(feats)
        return SourceOutputs(tuple(feats), final), teacher
