"""What a regulariser sees of a network."""

from typing import NamedTuple

from torch import Tensor

__all__ = ['SourceOutputs']


class SourceOutputs(NamedTuple):
    """Outputs of an encoder and of the source's final layer on it.

    Attributes:
        feats (tuple[Tensor]): Feature maps of the encoder's stages, each
            (N, C, h, w), shallow to deep.
        final (Tensor, optional): Output (N, D) of the source's own final
            layer C_s on this encoder: logits, or the embedding of a source
            without classifier. ``None`` unless a regulariser asked for it.
    """

    feats: tuple[Tensor, ...]
    final: Tensor | None = None
