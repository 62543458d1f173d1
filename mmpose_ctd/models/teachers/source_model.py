"""The frozen source network S = C_s . E_s."""

import copy

import torch
from mmcv.cnn import fuse_conv_bn
from mmengine.logging import print_log
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.backbones.staged_backbone import StagedBackbone
from mmpose_ctd.models.outputs import SourceOutputs

from .checkpoint import PARTS, load_source_state, load_strictly
from .image_convention import ImageConvention, InputAdapter, convention_from

#: Largest difference, relative to a map's largest value, that rounding makes.
_TOLERANCE = 1e-3


@MODELS.register_module()
class SourceModel(nn.Module):
    """The frozen source network, given as parts or as a classifier.

    It is always in inference mode and has no gradient; its BatchNorm
    statistics never change.

    Args:
        backbone (dict, optional): Config of the encoder E_s, any of MMPose's
            or mmpretrain's (``type='mmpretrain.ConvNeXt'``). Defaults to
            ``None``: the classifier's.
        head (dict, optional): Config of the final layer C_s, a module from
            the encoder's tuple of maps to (N, D). Defaults to ``None``: no
            regulariser may need it.
        data_preprocessor (dict, optional): Config of the preprocessor that
            this network was trained with (``PoseDataPreprocessor`` or
            ``ClsDataPreprocessor``). Defaults to ``None``: the classifier's
            own, else the student's.
        checkpoint (str, optional): File with ``backbone.*``, ``neck.*`` and
            ``head.*`` weights. Defaults to ``None``: the networks' own
            initialisation (``init_cfg``).
        how_to_get (str): Command that gets the file, shown when it is
            missing. Defaults to ``''``.
        input_size (int or tuple[int, int], optional): (H, W) to resize images
            to. Regularisers of maps then need ``resample=True``. Defaults to
            ``None``: the student's size.
        neck (dict, optional): Config of a module of C_s between encoder and
            ``head``. Defaults to ``None``.
        classifier (dict, optional): Config of a whole classifier with
            backbone, neck and head instead, such as mmpretrain's
            ``ImageClassifier``. Defaults to ``None``.
        prefix (str or dict, optional): Prefixes of the keys in files of other
            projects: ``'module.encoder.'``, or
            ``dict(backbone='module.encoder.', head='module.classifier.')``;
            see :func:`load_source_state`. Defaults to ``None``.
        state_key (str, optional): Entry of the file with the weights, such as
            ``'ema_state_dict'``. Defaults to ``None``: the usual ones.
        fold_batch_norms (bool): Whether to fold the BatchNorms of E_s into
            its convolutions at the first batch: faster, with equal maps up to
            rounding. Defaults to ``True``.

    Raises:
        InputError: If parts are missing, or the file does not fit them.

    Attributes:
        needs_a_batch (bool): Class attribute: whether the outputs of an image
            depend on the other images of the batch.
    """

    needs_a_batch = False

    def __init__(
        self,
        backbone: dict | None = None,
        head: dict | None = None,
        data_preprocessor: dict | None = None,
        checkpoint: str | None = None,
        how_to_get: str = '',
        input_size: int | tuple[int, int] | None = None,
        neck: dict | None = None,
        classifier: dict | None = None,
        prefix: str | dict | None = None,
        state_key: str | None = None,
        fold_batch_norms: bool = True,
    ) -> None:
        super().__init__()
        parts = dict(backbone=backbone, neck=neck, head=head)
        if (classifier is None) == (backbone is None) or (
            classifier is not None and (neck or head)
        ):
            raise InputError(
                where='model.teacher',
                found=f'{[k for k, v in parts.items() if v] or "no backbone"}'
                f'{" and a classifier" if classifier else ""}',
                expected='either a backbone (with neck and head), or only a '
                'classifier',
            )
        self.convention = None
        if classifier is not None:
            modules, self.convention = _classifier_parts(
                classifier, data_preprocessor, initialise=checkpoint is None
            )
        else:
            modules = {
                k: MODELS.build(v) if v else None for k, v in parts.items()
            }
            if data_preprocessor is not None:
                self.convention = convention_from(
                    data_preprocessor, 'PoseDataPreprocessor'
                )
        self.backbone, self.neck, self.head = (modules[p] for p in PARTS)
        if isinstance(input_size, int):
            input_size = (input_size, input_size)
        if input_size is not None and (
            len(input_size) != 2 or not all(side >= 1 for side in input_size)
        ):
            raise InputError(
                where='model.teacher.input_size',
                found=repr(input_size),
                expected='(H, W) in pixels, or one number for both',
            )
        self.input_size = input_size
        self.adapter = nn.Identity()
        if checkpoint is not None:
            state = load_source_state(
                checkpoint, how_to_get, prefix, state_key
            )
            for part in PARTS:
                module = modules[part]
                if module is not None:
                    load_strictly(
                        module,
                        state[part],
                        f'{checkpoint!r} into model.teacher.{part}',
                        f'Make model.teacher.{part} match the architecture '
                        'of the file. If only the names differ, set '
                        'model.teacher.prefix.',
                    )
        elif classifier is None:
            for part in self.children():
                if hasattr(part, 'init_weights'):
                    part.init_weights()
        self.requires_grad_(False)
        self.train(False)
        self.fold_batch_norms = fold_batch_norms
        self._left_out = 0

    def train(self, mode: bool = True) -> 'SourceModel':
        """Stay in inference mode."""
        # mmpose's backbones return None from train(): do not chain.
        for child in self.children():
            child.train(False)
        self.training = False
        return self

    def adapt_to(self, student: nn.Module) -> None:
        """Accept the images of a student's data preprocessor."""
        theirs = ImageConvention.of(student)
        ours = self.convention or theirs
        self.adapter = InputAdapter(theirs, ours, self.input_size).eval()

    def stop_after(self, *stages: int) -> None:
        """Leave out the encoder's maps behind some stages, if it can.

        MMPose's and mmpretrain's ResNets, and encoders of this package, run
        stage by stage; others run to their end. C_s cannot follow.

        Args:
            *stages (int): Indices into the maps that it gives.
        """
        layers = getattr(self.backbone, 'res_layers', None)
        if not layers and not isinstance(self.backbone, StagedBackbone):
            return
        # In this order the maps come.
        indices = tuple(sorted(set(self.backbone.out_indices)))
        if not all(-len(indices) <= s < len(indices) for s in stages):
            return
        kept = indices[: max(s % len(indices) for s in stages) + 1]
        self._left_out = len(indices) - len(kept)
        self.backbone.out_indices = kept
        if layers is not None:
            self.backbone.res_layers = layers[: kept[-1] + 1]

    @torch.no_grad()
    def forward(self, inputs: Tensor, with_final: bool) -> SourceOutputs:
        """Run E_s and, if needed, C_s on the student's images.

        Args:
            inputs (Tensor): The student's preprocessed images (N, 3, H, W).
            with_final (bool): Whether to compute ``final``.

        Returns:
            SourceOutputs: Without gradient. A map that is left out
            (:meth:`stop_after`) is None.

        Raises:
            InputError: If it needs a batch and gets a single image.
        """
        if self.needs_a_batch and len(inputs) < 2:
            raise InputError(
                where=type(self).__name__,
                found='a batch of 1 image',
                expected='2 images or more',
                cure='Set train_dataloader.batch_size to 2 or more.',
            )
        inputs = self.adapter(inputs)
        if self.fold_batch_norms:
            self.backbone = fold_batch_norms(self.backbone, inputs[:1])
            self.fold_batch_norms = False
        feats = _as_tuple(self.backbone(inputs))
        final = self.classify(feats) if with_final else None
        return SourceOutputs((*feats, *[None] * self._left_out), final)

    def classify(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Run the frozen C_s; gradients flow to the maps.

        Args:
            feats (tuple[Tensor]): Maps (N, C, h, w), shallow to deep.

        Returns:
            Tensor: Logits or embedding (N, D).

        Raises:
            InputError: If there is no C_s, or its output is not (N, D).
        """
        if self.head is None:
            raise InputError(
                where='model.teacher.head',
                found='not set',
                expected="the teacher's classifier or embedding layers, "
                'which a regulariser needs',
            )
        final = self.head(feats if self.neck is None else self.neck(feats))
        if not isinstance(final, Tensor) or final.dim() != 2:
            found = getattr(final, 'shape', None)
            raise InputError(
                where=f'model.teacher.head ({type(self.head).__name__})',
                found='output '
                f'{type(final).__name__ if found is None else tuple(found)}',
                expected='logits or an embedding (N, D)',
                cure='Set a classifier, with a neck that pools maps if it '
                'needs one, or use only regularisers of feature maps.',
            )
        return final


def _classifier_parts(
    config: dict, data_preprocessor: dict | None, initialise: bool
) -> tuple[dict[str, nn.Module | None], ImageConvention]:
    """Build a classifier; give its parts and its image convention.

    Names in its config are looked up in its own package first, as
    mmpretrain's tools do: ``ResNet`` in ``mmpretrain.ImageClassifier`` is
    mmpretrain's. ``data_preprocessor`` replaces that of the config.
    """
    config = dict(config)
    kind = config.get('type')
    named = kind if isinstance(kind, str) else getattr(kind, '__module__', '')
    scope, dot, _ = named.partition('.')
    if dot:
        config.setdefault('_scope_', scope)
    own = config.pop('data_preprocessor', None)
    if own is None and data_preprocessor is None:
        raise InputError(
            where='model.teacher.data_preprocessor',
            found=f'not set for the classifier {kind!r}',
            expected='the one it was trained with (in configs of mmpretrain '
            'next to `model`), such as dict(mean=[123.675, 116.28, 103.53], '
            'std=[58.395, 57.12, 57.375], to_rgb=True)',
        )
    convention = convention_from(
        data_preprocessor or own,
        'mmpretrain.ClsDataPreprocessor',
        config.get('_scope_'),
    )
    classifier = MODELS.build(config)
    parts = {part: getattr(classifier, part, None) for part in PARTS}
    if parts['backbone'] is None:
        raise InputError(
            where='model.teacher',
            found=f'{kind!r} has no `backbone`',
            expected='a classifier with backbone, neck and head, such as '
            'mmpretrain.ImageClassifier',
            cure='Set the encoder of another network as '
            'model.teacher.backbone of a SourceModel.',
        )
    if initialise:
        classifier.init_weights()
    return parts, convention


@torch.no_grad()
def fold_batch_norms(encoder: nn.Module, images: Tensor) -> nn.Module:
    """Fold BatchNorms into the convolutions before them, if maps stay equal.

    mmcv's ``fuse_conv_bn`` assumes that layers run in the order of their
    definition. Therefore both networks are run in float32 and compared.

    Args:
        encoder (nn.Module): A frozen network in inference mode; not changed.
        images (Tensor): Input images, (N, 3, H, W).

    Returns:
        nn.Module: The folded copy; the encoder itself if the copy's maps
        differ or there is nothing to fold.
    """
    norm = nn.modules.batchnorm._BatchNorm
    if not any(isinstance(m, norm) for m in encoder.modules()):
        return encoder
    folded = fuse_conv_bn(copy.deepcopy(encoder)).requires_grad_(False)
    folded.train(False)
    with torch.autocast(images.device.type, enabled=False):
        images = images.to(next(encoder.parameters()).dtype)
        before, after = (_as_tuple(net(images)) for net in (encoder, folded))
    if all(
        (a - b).abs().max() <= _TOLERANCE * a.abs().max()
        for a, b in zip(before, after)
    ):
        return folded
    print_log(
        f"The teacher's BatchNorms are not folded: {type(encoder).__name__} "
        'runs its layers in another order than it defines them.',
        'current',
    )
    return encoder


def _as_tuple(feats) -> tuple[Tensor, ...]:
    """The maps of a backbone, some of which give a lone tensor."""
    return (feats,) if isinstance(feats, Tensor) else tuple(feats)
