"""The outputs of a network that regularisers compare."""

from typing import NamedTuple

from torch import Tensor


class SourceOutputs(NamedTuple):
    """Outputs of an encoder and of the source's final layer on it.

    Attributes:
        feats (tuple[Tensor]): Feature maps of the encoder's stages, each
            (N, C, h, w), shallow to deep. Empty if not needed.
        final (Tensor, optional): Output (N, D) of the source's final layer
            C_s on this encoder: logits, or the embedding of a source without
            classifier. ``None`` if not needed.
        weights (dict[str, Tensor], optional): Parameters by name:
            ``'backbone.*'`` and, of a student, also those of neck and head,
            without frozen ones. ``None`` if not needed.
    """

    feats: tuple[Tensor, ...] = ()
    final: Tensor | None = None
    weights: dict[str, Tensor] | None = None
