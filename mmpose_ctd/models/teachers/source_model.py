"""The frozen source network S = C_s . E_s."""

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.outputs import SourceOutputs

from .checkpoint import load_source_state, load_strictly
from .image_convention import ImageConvention, InputAdapter

__all__ = ['SourceModel']


@MODELS.register_module()
class SourceModel(nn.Module):
    """A network that learned a neighbouring task, frozen.

    It is always in inference mode, has no gradient and its BatchNorm
    statistics never move.

    Args:
        backbone (dict): Config of the encoder E_s.
        head (dict, optional): Config of the final layer C_s, a module that
            takes the encoder's tuple of maps and gives (N, D). Defaults to
            ``None``: no regulariser may ask for it.
        data_preprocessor (dict, optional): The images this network was
            trained on, as a ``PoseDataPreprocessor`` config. Defaults to
            ``None``: the same as the student's.
        checkpoint (str, optional): File with ``backbone.*`` and ``head.*``
            weights. Defaults to ``None``: the networks' own initialisation,
            for controls and tests.
        how_to_get (str): What a user types to get that file; shown when it is
            missing. Defaults to ``''``.
        input_size (int or tuple[int, int], optional): (H, W) that images are
            resized to; its maps then differ in size from the student's, so
            that only regularisers of the final layer can compare them.
            Defaults to ``None``: the student's size.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict | None = None,
        data_preprocessor: dict | None = None,
        checkpoint: str | None = None,
        how_to_get: str = '',
        input_size: int | tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.backbone = MODELS.build(backbone)
        self.head = MODELS.build(head) if head else None
        self.convention = None
        if data_preprocessor is not None:
            data_preprocessor = dict(data_preprocessor)
            data_preprocessor.setdefault('type', 'PoseDataPreprocessor')
            self.convention = ImageConvention.of(
                MODELS.build(data_preprocessor)
            )
        if isinstance(input_size, int):
            input_size = (input_size, input_size)
        self.input_size = input_size
        self.adapter = nn.Identity()
        if checkpoint is not None:
            self._load(checkpoint, how_to_get)
        else:
            for part in self.children():
                if hasattr(part, 'init_weights'):
                    part.init_weights()
        self.requires_grad_(False)
        self.train(False)

    def _load(self, checkpoint: str, how_to_get: str) -> None:
        state = load_source_state(checkpoint, how_to_get)
        cure = (
            'The file belongs to another architecture: make '
            'model.teacher.{part} match it.'
        )
        for part in ('backbone', 'head'):
            module = getattr(self, part)
            if module is not None:
                load_strictly(
                    module,
                    state[part],
                    f'{checkpoint!r} into model.teacher.{part}',
                    cure.format(part=part),
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
        """
        feats = tuple(self.backbone(self.adapter(inputs)))
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
            InputError: If there is no C_s.
        """
        if self.head is None:
            raise InputError(
                'A regulariser compares outputs of the final layer, but '
                "model.teacher.head is not set. Give the teacher's "
                'classifier or embedding layers there.'
            )
        return self.head(feats)
