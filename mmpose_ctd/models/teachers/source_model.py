"""The frozen source network S = C_s . E_s."""

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.outputs import SourceOutputs

from .checkpoint import load_source_state, load_strictly
from .checkpoint_parts import PARTS
from .classifier_parts import classifier_parts, convention_from
from .folding import fold_batch_norms
from .image_convention import ImageConvention, InputAdapter

__all__ = ['SourceModel']


@MODELS.register_module()
class SourceModel(nn.Module):
    """A network that learned a neighbouring task, frozen.

    It is always in inference mode, has no gradient and its BatchNorm
    statistics never move. It is given either as parts or as a classifier.

    Args:
        backbone (dict, optional): Config of the encoder E_s, any of MMPose's
            or mmpretrain's (``type='mmpretrain.ConvNeXt'``). Defaults to
            ``None``: the classifier's.
        head (dict, optional): Config of the final layer C_s, a module that
            takes the encoder's tuple of maps and gives (N, D). Defaults to
            ``None``: no regulariser may ask for it.
        data_preprocessor (dict, optional): The images this network was
            trained on, as a ``PoseDataPreprocessor`` config, or a
            classifier's ``ClsDataPreprocessor``. Defaults to ``None``: the
            classifier's own; without one the same as the student's.
        checkpoint (str, optional): File with ``backbone.*``, ``neck.*`` and
            ``head.*`` weights. Defaults to ``None``: the networks' own
            initialisation, such as a backbone's ``init_cfg`` with
            ``type='Pretrained'``, or random weights for controls and tests.
        how_to_get (str): What a user types to get that file; shown when it is
            missing. Defaults to ``''``.
        input_size (int or tuple[int, int], optional): (H, W) that images are
            resized to; its maps then differ in size from the student's, so
            that regularisers of maps need ``resample=True``. Defaults to
            ``None``: the student's size.
        neck (dict, optional): Config of what C_s does before ``head``: takes
            the encoder's tuple of maps and gives what ``head`` takes.
            Defaults to ``None``.
        classifier (dict, optional): Config of a whole classifier with
            backbone, neck and head, such as mmpretrain's ``ImageClassifier``,
            in their place. Defaults to ``None``.
        prefix (str or dict, optional): What the keys of the file's parts
            begin with, for files of other projects:
            ``'module.encoder.'``, or ``dict(backbone='module.encoder.',
            head='module.classifier.')``; see :func:`load_source_state`.
            Defaults to ``None``: as under ``checkpoint``.
        state_key (str, optional): Under which name of the file the weights
            lie, such as ``'ema_state_dict'``. Defaults to ``None``: found.
        fold_batch_norms (bool): Whether E_s runs with its BatchNorms folded
            into its convolutions, from the first batch on: the same maps up
            to rounding, sooner. Defaults to ``True``.

    Raises:
        InputError: If the parts are not told, or the file does not fit them.

    Attributes:
        needs_a_batch (bool): Whether what it says of an image depends on the
            others of the batch; of the class.
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
                'model.teacher sets '
                f'{[k for k, v in parts.items() if v] or "no backbone"}'
                f'{" and a classifier" if classifier else ""}; expected '
                'either a backbone (and neck, head), or a classifier alone.'
            )
        self.convention = None
        if classifier is not None:
            modules, self.convention = classifier_parts(
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
        self.backbone = modules['backbone']
        self.neck = modules['neck']
        self.head = modules['head']
        if isinstance(input_size, int):
            input_size = (input_size, input_size)
        if input_size is not None and (
            len(input_size) != 2 or not all(side >= 1 for side in input_size)
        ):
            raise InputError(
                f'model.teacher.input_size={input_size!r}; expected (H, W) '
                'in pixels, or one number for both.'
            )
        self.input_size = input_size
        self.adapter = nn.Identity()
        if checkpoint is not None:
            self._load(
                checkpoint,
                load_source_state(checkpoint, how_to_get, prefix, state_key),
            )
        elif classifier is None:
            for part in self.children():
                if hasattr(part, 'init_weights'):
                    part.init_weights()
        self.requires_grad_(False)
        self.train(False)
        self.fold_batch_norms = fold_batch_norms

    def _load(self, checkpoint: str, state: dict) -> None:
        for part in PARTS:
            module = getattr(self, part)
            if module is not None:
                load_strictly(
                    module,
                    state[part],
                    f'{checkpoint!r} into model.teacher.{part}',
                    'The file belongs to another architecture: make '
                    f'model.teacher.{part} match it. (If only the names '
                    'differ: model.teacher.prefix.)',
                )

    def train(self, mode: bool = True) -> 'SourceModel':
        """Stay in inference mode, whatever is asked."""
        # mmpose's backbones return None from train(): do not chain.
        for child in self.children():
            child.train(False)
        self.training = False
        return self

    def adapt_to(self, student: nn.Module) -> None:
        """Accept the images that a student's data preprocessor produces.

        Args:
            student (nn.Module): The student's data preprocessor.
        """
        theirs = ImageConvention.of(student)
        ours = self.convention or theirs
        self.adapter = InputAdapter(theirs, ours, self.input_size).eval()

    @torch.no_grad()
    def forward(self, inputs: Tensor, with_final: bool) -> SourceOutputs:
        """E_s and, if asked, C_s on the student's images.

        Args:
            inputs (Tensor): The student's preprocessed images (N, 3, H, W).
            with_final (bool): Whether to compute ``final``.

        Returns:
            SourceOutputs: Without gradient.

        Raises:
            InputError: If it needs a batch and is given a single image.
        """
        if self.needs_a_batch and len(inputs) < 2:
            raise InputError(
                f'{type(self).__name__}: a batch of 1 image has no other '
                'image to look at. Set train_dataloader.batch_size to 2 or '
                'more.'
            )
        inputs = self.adapter(inputs)
        if self.fold_batch_norms:
            self.backbone = fold_batch_norms(self.backbone, inputs[:1])
            self.fold_batch_norms = False
        feats = self.backbone(inputs)
        feats = (feats,) if isinstance(feats, Tensor) else tuple(feats)
        return SourceOutputs(
            feats, self.classify(feats) if with_final else None
        )

    def classify(self, feats: tuple[Tensor, ...]) -> Tensor:
        """C_s, frozen, on anybody's feature maps; their gradient flows.

        Args:
            feats (tuple[Tensor]): Maps (N, C, h, w), shallow to deep.

        Returns:
            Tensor: Logits or embedding (N, D).

        Raises:
            InputError: If there is no C_s, or it gives something else.
        """
        if self.head is None:
            raise InputError(
                'A regulariser compares outputs of the final layer, but '
                "model.teacher.head is not set. Give the teacher's "
                'classifier or embedding layers there.'
            )
        final = self.head(feats if self.neck is None else self.neck(feats))
        if not isinstance(final, Tensor) or final.dim() != 2:
            found = getattr(final, 'shape', None)
            raise InputError(
                f'model.teacher.head ({type(self.head).__name__}) gives '
                f'{type(final).__name__ if found is None else tuple(found)}; '
                'expected logits or an embedding (N, D) of images. Give a '
                'classifier there, with a neck that pools maps if it needs '
                'one, or use regularisers of feature maps alone.'
            )
        return final
