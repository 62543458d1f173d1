"""MMPose's top-down model, regularised by a frozen teacher."""

import logging
from collections.abc import Sequence

import torch
from mmengine.logging import MessageHub, print_log
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS
from torch import Tensor

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.heads.float32_output import give_float32
from mmpose_ctd.models.losses import DistillLoss
from mmpose_ctd.models.outputs import SourceOutputs
from mmpose_ctd.models.teachers import (
    ImageConvention,
    SourceModel,
    build_source,
    source_config,
    source_state_of,
)
from mmpose_ctd.models.teachers.checkpoint import load_strictly
from mmpose_ctd.models.teachers.image_convention import convention_from

from .codec_check import check_codec, check_input_size
from .freezing import freeze
from .terms import build_terms
from .training_only import TeacherHolder

_ONE_SIDED_FLIPS = (
    'model.test_cfg.flip_test=True, but no landmark has a partner on the '
    'other side, so the mirrored image is averaged in place. That is right '
    'for midline landmarks and for images of one side. In images of whole '
    'faces it also finds landmarks of one side on the other side: remove '
    'flip_test.'
)


@MODELS.register_module()
class CTDTopdownPoseEstimator(TopdownPoseEstimator):
    r"""Top-down heat-map model with cross-task regularisation.

    .. math::
        L = L_R + \sum_j \lambda_j L_j

    where L_R is the head's own loss and every L_j compares the student's
    encoder with a frozen source network's on the same images. Source: Fu et
    al., MLMI 2020 (arXiv 2009.13635), equation (2).

    The state dict is that of MMPose's ``TopdownPoseEstimator`` with the same
    parts, so checkpoints load there. The teacher exists only while training,
    and only if some regulariser's weight is not 0.

    Args:
        teacher (dict, optional): Config of a :class:`SourceModel`, or of a
            classifier such as mmpretrain's, see :func:`.source_config`.
            Defaults to ``None``: a plain top-down model.
        regularizers (dict[str, dict]): The terms L_j: name -> config of a
            :class:`DistillLoss`. The term is logged as ``loss_<name>``.
            Defaults to ``{}``: plain fine-tuning. Connectors are trained but
            are not in the state dict. With ``every=k`` in it a term is
            computed at every k-th step, with k times its weight: its gradient
            is the same on average, and the teacher rests in between. Source
            of this laziness: Karras et al., CVPR 2020 (StyleGAN2).
        frozen (Sequence[str]): Name patterns of parameters to keep, such as
            ``['backbone']``. A module that is frozen whole stays in inference
            mode. See :func:`.freezing.freeze`. Defaults to ``()``.
        trainable (Sequence[str]): Exceptions from ``frozen``. Defaults to
            ``()``.
        init_from_teacher (bool): Whether the backbone starts as a strict copy
            of the teacher's. Defaults to ``True``; no effect if ``teacher``
            is ``None``.
        channels_last (bool): Memory layout of images and weights: the same
            numbers up to rounding, faster on current CPUs and GPUs. Defaults
            to ``False``.
        **kwargs: Arguments of ``TopdownPoseEstimator``.

    Raises:
        InputError: If regularisers have no teacher, one is not a
            :class:`DistillLoss`, ``every`` is not an integer from 1 on, a
            name pattern matches nothing, or the head's codec misplaces
            heat-maps.
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
        # MMPose's training accuracy costs a copy to numpy at each step.
        self.train_cfg = dict(compute_acc=False) | dict(self.train_cfg)
        if self.with_head:
            check_codec(self.head)
            give_float32(self.head)
        # Before a wrapper such as DDP collects trainable parameters.
        self._frozen_modules = freeze(self, frozen, trainable)
        self.regularizers = build_terms(regularizers or {})
        if self.regularizers and teacher is None:
            raise InputError(
                where='model.teacher',
                found='not set',
                expected=f'a teacher for {list(self.regularizers)} of '
                'model.regularizers',
                cure='Set model.teacher to a SourceModel.',
            )
        # A term on weights may still act on the head.
        idle = [
            name
            for name, term in self.active_regularizers.items()
            if not term.needs_weights
        ]
        encoder = self.backbone.parameters()
        if idle and not any(p.requires_grad for p in encoder):
            print_log(
                'model.frozen freezes the whole backbone: the regularisers '
                f'{idle} cannot change it and only cost time.',
                'current',
                logging.WARNING,
            )
        self._teacher_cfg = teacher
        self._teacher = TeacherHolder()
        self._init_from_teacher = init_from_teacher and teacher is not None
        self._flip_test_checked = False
        self.channels_last = channels_last
        if channels_last:
            self.to(memory_format=torch.channels_last)

    # ---------------------------------------------------------- life cycle

    @property
    def teacher(self) -> SourceModel | None:
        """The frozen source model; ``None`` when it is not needed."""
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
            own = getattr(self.backbone, 'init_cfg', None)
            if 'Pretrained' in str(own):
                raise InputError(
                    where='model.backbone.init_cfg',
                    found=f'{own}, but the backbone starts from model.teacher',
                    expected='one start',
                    cure='Set model.init_from_teacher=False, or leave '
                    'init_cfg out.',
                )
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
            self._compare_conventions()
        # A hook may raise a weight that starts at 0.
        if any(
            term.loss_weight or term.scheduled
            for term in self.regularizers.values()
        ):
            self._build_teacher()

    def _compare_conventions(self) -> None:
        """Warn if the backbone does not see images as its source did."""
        config = source_config(self._teacher_cfg)
        theirs = config.get('data_preprocessor')
        if not theirs or config.get('classifier'):
            return
        theirs = convention_from(theirs, 'PoseDataPreprocessor')
        ours = ImageConvention.of(self.data_preprocessor)
        if theirs != ours:
            print_log(
                f'The backbone starts from a network that saw {theirs}, but '
                f'model.data_preprocessor gives {ours}.',
                'current',
                logging.WARNING,
            )

    def _build_teacher(self) -> None:
        config = self._teacher_cfg
        if not config.get('checkpoint') and 'init_cfg' not in str(config):
            print_log(
                'model.teacher.checkpoint is not set: its weights are random.',
                'current',
                logging.WARNING,
            )
        teacher = build_source(config)
        if teacher.convention is None:
            print_log(
                'model.teacher.data_preprocessor is not set: the teacher gets '
                "images as the student's data_preprocessor makes them. Set "
                'what it was trained with.',
                'current',
                logging.WARNING,
            )
        if any(term.needs_weights for term in self.regularizers.values()):
            # They are compared one by one with the file's.
            teacher.fold_batch_norms = False
        terms = self.regularizers.values()
        if all(term.reads_one_stage for term in terms):
            teacher.stop_after(*(term.teacher_stage for term in terms))
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
        """Free the teacher's memory; no term may be active again."""
        self._teacher.module = None

    def train(self, mode: bool = True) -> 'CTDTopdownPoseEstimator':
        """See ``nn.Module``; frozen modules stay in inference mode."""
        super().train(mode)
        for module in self._frozen_modules:
            # mmpose's backbones return None: do not chain.
            module.train(False)
        return self

    def _apply(self, fn, *args, **kwargs):
        """Move the teacher too: .to(), .cuda(), .double() ..."""
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
        if self.test_cfg.get('flip_test', False) and data_samples:
            partners = data_samples[0].metainfo.get('flip_indices')
            if not self._flip_test_checked and partners is not None:
                self._flip_test_checked = True
                if list(partners) == list(range(len(partners))):
                    print_log(_ONE_SIDED_FLIPS, 'current', logging.WARNING)
        return super().predict(inputs, data_samples)

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """The head's losses and one entry for each regulariser.

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
        # Before the student runs: the maps that the teacher makes and frees
        # would add to the student's, which wait for the backward pass.
        active, teacher = self._teach(inputs)
        feats = self.backbone(inputs)
        decoded = self.neck(feats) if self.with_neck else feats
        losses = self.head.loss(
            decoded, data_samples, train_cfg=self.train_cfg
        )
        ours = self._regularize(feats, active, teacher)
        for name in ours.keys() & losses.keys():
            raise InputError(
                where=f'model.regularizers.{name.removeprefix("loss_")}',
                found='the head already logs a loss of that name',
                cure='Rename the regulariser.',
            )
        return losses | ours

    def _teach(
        self, inputs: Tensor
    ) -> tuple[dict[str, DistillLoss], SourceOutputs]:
        """The terms of this step by name, and the teacher's outputs."""
        # Outside of a Runner each step is the first.
        step = MessageHub.get_current_instance().get_info('iter', 0)
        active = {
            name: term
            for name, term in self.active_regularizers.items()
            if step % term.every == 0
        }
        teacher = SourceOutputs()
        if not active:
            return active, teacher
        if self.teacher is None:
            raise RuntimeError(
                f'The regularisers {list(active)} need the teacher: call '
                'init_weights() before training.'
            )
        needs_final = any(term.needs_final for term in active.values())
        if needs_final or any(term.needs_feats for term in active.values()):
            teacher = self.teacher(inputs, needs_final)
        if any(term.needs_weights for term in active.values()):
            named = self.teacher.backbone.named_parameters()
            weights = {f'backbone.{name}': value for name, value in named}
            teacher = teacher._replace(weights=weights)
        return active, teacher

    def _regularize(
        self,
        feats: tuple[Tensor, ...],
        active: dict[str, DistillLoss],
        teacher: SourceOutputs,
    ) -> dict[str, Tensor]:
        """The regularisers' entries of the loss, ``loss_<name>``."""
        losses = {
            # DDP waits for a gradient of every parameter.
            f'loss_{name}': sum(p.sum() * 0 for p in term.parameters())
            for name, term in self.regularizers.items()
            if name not in active and any(True for _ in term.parameters())
        }
        student = SourceOutputs(tuple(feats))
        if any(term.needs_weights for term in active.values()):
            student = student._replace(
                weights={
                    name: value
                    for name, value in self.named_parameters()
                    if value.requires_grad
                    and not name.startswith('regularizers.')
                }
            )
        # Terms without a connector share one run of C_s.
        finals = {}
        for name, term in active.items():
            way = term.connector
            if term.needs_final and way not in finals:
                finals[way] = self._classify(term, feats, teacher)
            ours = student._replace(final=finals.get(way))
            losses[f'loss_{name}'] = term.every * term(ours, teacher)
        return losses

    def _classify(
        self,
        term: DistillLoss,
        feats: tuple[Tensor, ...],
        teacher: SourceOutputs,
    ) -> Tensor:
        """C_s on the student's last map, (N, D)."""
        connected, theirs = term.connect(feats[-1]), teacher.feats[-1]
        ours = connected.shape
        if len(ours) != theirs.dim() or ours[1] != theirs.shape[1]:
            raise InputError(
                where=type(term).__name__,
                found=f'a student output of shape {tuple(ours)}',
                expected=f'{tuple(theirs.shape)}, or another size: the '
                "source's final layer takes it",
                cure='Use the same architecture in model.backbone and '
                'model.teacher.backbone, or add to this regulariser '
                f'connector=dict(in_channels={feats[-1].shape[1]}, '
                f'out_channels={theirs.shape[1]}).',
            )
        return self.teacher.classify((*feats[:-1], connected))
