"""MMPose's top-down model, trained with a frozen teacher beside it."""

import logging
from collections.abc import Sequence

import torch
from mmengine.logging import print_log
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS
from torch import Tensor

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.heads.float32_output import give_float32
from mmpose_ctd.models.losses import DistillLoss
from mmpose_ctd.models.outputs import SourceOutputs
from mmpose_ctd.models.teachers import (
    SourceModel,
    TeacherHolder,
    build_source,
    source_state_of,
)
from mmpose_ctd.models.teachers.checkpoint import load_strictly

from .codec_check import check_codec, check_input_size
from .flip_test import FlipTestWarning
from .freezing import freeze
from .training_only import TrainingOnly

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
        teacher (dict, optional): Config of a :class:`SourceModel`, or of a
            classifier such as mmpretrain's, see :func:`.source_config`.
            Defaults to ``None``: a plain top-down model.
        regularizers (dict[str, dict]): The terms L_j: name -> config of a
            :class:`DistillLoss`. The term is logged as ``loss_<name>``.
            Defaults to ``{}``: plain fine-tuning. What they learn themselves
            (connectors) is trained, but is not in the state dict.
        frozen (Sequence[str]): Name patterns of parameters that stay as they
            start, such as ``['backbone']``; no gradient is computed for them,
            and a module that is frozen whole stays in inference mode, with
            its BatchNorm statistics. See :func:`.freezing.freeze`. Defaults
            to ``()``.
        trainable (Sequence[str]): Patterns of what is exempt from ``frozen``.
            Defaults to ``()``.
        init_from_teacher (bool): Whether the backbone starts as a copy of the
            teacher's, checked key by key. Defaults to ``True``; without
            effect if ``teacher`` is ``None``.
        channels_last (bool): Whether images and weights lie in memory with
            the channels last: the same numbers up to rounding, faster on
            current CPUs and GPUs. Defaults to ``False``.
        **kwargs: Arguments of ``TopdownPoseEstimator``.

    Raises:
        InputError: If regularisers are given without a teacher, one is not a
            :class:`DistillLoss`, a name pattern matches nothing, or the
            head's codec draws heat-maps beside the landmarks.
    """

    def __init__(
        self,
        *args,
        teacher: dict | None = None,
        regularizers: dict[str, dict] | None = None,
        frozen: Sequence[str] = (),
        trainable: Sequence[str] = (),
        init_from_teacher: bool = True,
        channels_last: bool = False,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        # MMPose's training accuracy is a detour through numpy at each step.
        self.train_cfg = dict(compute_acc=False) | dict(self.train_cfg)
        if self.with_head:
            check_codec(self.head)
            give_float32(self.head)
        # Before a wrapper such as DDP looks at what asks for a gradient.
        self._frozen_modules = freeze(self, frozen, trainable)
        self.regularizers = _build_regularizers(regularizers or {})
        if self.regularizers and teacher is None:
            raise InputError(
                f'model.regularizers names {list(self.regularizers)}, but '
                'model.teacher is not set. Give a SourceModel there.'
            )
        self._tell_idle_terms()
        self._teacher_cfg = teacher
        self._teacher = TeacherHolder()
        self._init_from_teacher = init_from_teacher and teacher is not None
        self._flip_test_warning = FlipTestWarning()
        self.channels_last = channels_last
        if channels_last:
            self.to(memory_format=torch.channels_last)

    def _tell_idle_terms(self) -> None:
        # A term on weights may still hold the head's.
        idle = [
            name
            for name, term in self.active_regularizers.items()
            if not term.needs_weights
        ]
        if idle and not any(
            p.requires_grad for p in self.backbone.parameters()
        ):
            print_log(
                'model.frozen keeps the whole backbone as it is: the '
                f'regularisers {idle} cannot change it, and cost their time.',
                'current',
                logging.WARNING,
            )

    # ---------------------------------------------------------- life cycle

    @property
    def teacher(self) -> SourceModel | None:
        """The frozen source model; ``None`` when nothing asks for it."""
        return self._teacher.module

    @property
    def _terms(self) -> list[DistillLoss]:
        return list(self.regularizers.values())

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
        # One whose weight a hook will raise needs its teacher too.
        if any(r.loss_weight or r.scheduled for r in self._terms):
            self._build_teacher()

    def _copy_source_encoder(self) -> None:
        state = source_state_of(self._teacher_cfg)
        path = self._teacher_cfg['checkpoint']
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
        teacher = build_source(self._teacher_cfg)
        if any(term.needs_weights for term in self._terms):
            # They are compared one by one.
            teacher.fold_batch_norms = False
        teacher.adapt_to(self.data_preprocessor)
        place = next(self.parameters())
        teacher.to(device=place.device, dtype=place.dtype)
        if self.channels_last:
            teacher.to(memory_format=torch.channels_last)
        self._teacher.module = teacher
        print_log(
            f'Frozen teacher built for {list(self.regularizers)}',
            'current',
        )

    def release_teacher(self) -> None:
        """Give the teacher's memory back; no term may be active again."""
        self._teacher.module = None

    def train(self, mode: bool = True) -> 'CTDTopdownPoseEstimator':
        """See ``nn.Module``; what is frozen stays in inference mode."""
        super().train(mode)
        for module in self._frozen_modules:
            # mmpose's backbones return None: do not chain.
            module.train(False)
        return self

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

    def predict(self, inputs: Tensor, data_samples: list) -> list:
        """See ``TopdownPoseEstimator.predict``."""
        check_input_size(getattr(self, 'head', None), inputs)
        if self.test_cfg.get('flip_test', False):
            self._flip_test_warning.look_at(data_samples)
        return super().predict(inputs, data_samples)

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """The head's losses and one entry a regulariser.

        Args:
            inputs (Tensor): Images (N, 3, H, W), preprocessed.
            data_samples (list[PoseDataSample]): Their N samples.

        Returns:
            dict: Every entry named ``loss*`` is summed by mmengine into the
            total.

        Raises:
            InputError: If the images are not of the codec's ``input_size``.
            RuntimeError: If a regulariser is active and ``init_weights()``
                has not been called.
        """
        check_input_size(getattr(self, 'head', None), inputs)
        feats = self.backbone(inputs)
        decoded = self.neck(feats) if self.with_neck else feats
        losses = self.head.loss(
            decoded, data_samples, train_cfg=self.train_cfg
        )
        ours = self._regularize(inputs, feats)
        taken = [
            name.removeprefix('loss_') for name in set(ours) & set(losses)
        ]
        if taken:
            raise InputError(
                f'model.regularizers.{taken[0]}: the head logs a loss of that '
                'name already, which the term would replace. Call it '
                'something else.'
            )
        return losses | ours

    def _regularize(
        self, inputs: Tensor, feats: tuple[Tensor, ...]
    ) -> dict[str, Tensor]:
        """The regularisers' entries of the loss, ``loss_<name>``."""
        active = self.active_regularizers
        losses = {
            # DDP waits for a gradient of everything that learns.
            f'loss_{name}': sum(p.sum() * 0 for p in term.parameters())
            for name, term in self.regularizers.items()
            if name not in active and any(True for _ in term.parameters())
        }
        if not active:
            return losses
        if self.teacher is None:
            raise RuntimeError(
                f'The regularisers {list(active)} need the teacher, which '
                'init_weights() builds: call it before training.'
            )
        teacher = self._teacher_outputs(inputs, active)
        student = SourceOutputs(tuple(feats))
        if teacher.weights is not None:
            student = student._replace(weights=self._trained_weights())
        # Terms without a connector share one run of C_s.
        finals = {}
        for name, term in active.items():
            way = term.connector
            if term.needs_final and way not in finals:
                finals[way] = self._classify(term, feats, teacher)
            ours = student._replace(final=finals.get(way))
            losses[f'loss_{name}'] = term(ours, teacher)
        return losses

    def _teacher_outputs(
        self, inputs: Tensor, active: dict[str, DistillLoss]
    ) -> SourceOutputs:
        terms = active.values()
        needs_final = any(term.needs_final for term in terms)
        teacher = SourceOutputs()
        if needs_final or any(term.needs_feats for term in terms):
            teacher = self.teacher(inputs, needs_final)
        if any(term.needs_weights for term in terms):
            named = self.teacher.backbone.named_parameters()
            weights = {f'backbone.{name}': value for name, value in named}
            teacher = teacher._replace(weights=weights)
        return teacher

    def _trained_weights(self) -> dict[str, Tensor]:
        return {
            name: value
            for name, value in self.named_parameters()
            if value.requires_grad and not name.startswith('regularizers.')
        }

    def _classify(
        self,
        term: DistillLoss,
        feats: tuple[Tensor, ...],
        teacher: SourceOutputs,
    ) -> Tensor:
        """C_s on the student's last map, (N, D)."""
        connected, theirs = term.connect(feats[-1]), teacher.feats[-1]
        if connected.dim() != theirs.dim():
            raise InputError(
                f"{type(term).__name__}: the source's final layer takes "
                f'outputs of the shape {tuple(theirs.shape)}, the student '
                f'gives {tuple(connected.shape)}; tokens and maps do not mix. '
                'Use a teacher whose final layer takes maps, or a regulariser '
                'of maps.'
            )
        ours, theirs = connected.shape[1], theirs.shape[1]
        if ours != theirs:
            raise InputError(
                f"{type(term).__name__}: the source's final layer takes maps "
                f'of {theirs} channels, the student gives {ours}. Use the '
                'same architecture in model.backbone and '
                'model.teacher.backbone, or let a connector learn the way: '
                f'connector=dict(in_channels={feats[-1].shape[1]}, '
                f'out_channels={theirs}) in this regulariser.'
            )
        return self.teacher.classify((*feats[:-1], connected))


def _build_regularizers(configs: dict[str, dict]) -> TrainingOnly:
    # What connectors draw must not change the start of the model's own
    # layers: with weight 0 the run is plain fine-tuning, bit by bit.
    with torch.random.fork_rng(devices=[]):
        terms = {
            name: MODELS.build(config)
            for name, config in configs.items()
            if config is not None
        }
    for name, term in terms.items():
        if not isinstance(term, DistillLoss):
            raise InputError(
                f'model.regularizers.{name}: {type(term).__name__} is no '
                'regulariser; expected a subclass of DistillLoss, such as '
                'EncoderDistillLoss.'
            )
    return TrainingOnly(terms)
