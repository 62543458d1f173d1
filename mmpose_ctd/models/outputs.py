"""What a regulariser sees of a network."""

from typing import NamedTuple

from torch import Tensor

__all__ = ['SourceOutputs']


class SourceOutputs(NamedTuple):
    """Outputs of an encoder and of the source's final layer on it.

    Attributes:
        feats (tuple[Tensor]): Feature maps of the encoder's stages, each
            (N, C, h, w), shallow to deep. Empty if no regulariser asked.
        final (Tensor, optional): Output (N, D) of the source's own final
            layer C_s on this encoder: logits, or the embedding of a source
            without classifier. ``None`` unless a regulariser asked for it.
        weights (dict[str, Tensor], optional): The network's parameters by
            name, ``'backbone.*'`` and, of a student, those of its neck and
            head; a student's frozen ones are left out. ``None`` unless a
            regulariser asked for them.
    """

    feats: tuple[Tensor, ...] = ()
    final: Tensor | None = None
    weights: dict[str, Tensor] | None = None
