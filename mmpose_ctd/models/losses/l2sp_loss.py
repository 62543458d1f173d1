"""L2-SP: keeps the weights near their start."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from mmpose.registry import MODELS
from torch import Tensor

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.outputs import SourceOutputs
from mmpose_ctd.value_checks import check_number

from .distill_loss import DistillLoss

_SHARED = 'backbone.'


@MODELS.register_module()
class L2SPLoss(DistillLoss):
    r"""L2 penalty with the source's weights as the starting point.

    .. math::
        L_{SP} = \frac{\alpha}{2} \| w_S - w_S^0 \|_2^2 +
        \frac{\beta}{2} \| w_{\bar S} \|_2^2

    with w_S the weights of the encoder, w_S^0 the source's, and the rest
    those of neck and head. Source: Li, Grandvalet and Davoine, "Explicit
    inductive bias for transfer learning with convolutional networks", ICML
    2018 (arXiv 1802.01483).

    The teacher does not run for it, and frozen weights do not count. Do not
    combine it with ``weight_decay``, which pulls the encoder to 0.

    Args:
        loss_weight (float): lambda, a factor of both parts. Defaults to 1.0.
        alpha (float): Pull towards the start, >= 0. Defaults to 0.01.
        beta (float): Decay of the rest, >= 0. Defaults to 0.01, the
            authors'.
        vectors (bool): Whether parameters of one dimension count too: biases,
            scales and offsets of BatchNorm, slopes of PReLU. Defaults to
            ``False``, as in the authors' code.
        exclude (Sequence[str]): Name patterns of parameters that do not
            count, such as ``['head.*', '*.bias']``. Defaults to ``()``.
    """

    needs_feats = False
    needs_weights = True

    def __init__(
        self,
        loss_weight: float = 1.0,
        alpha: float = 0.01,
        beta: float = 0.01,
        vectors: bool = False,
        exclude: Sequence[str] = (),
    ) -> None:
        super().__init__(loss_weight)
        check_number('L2SPLoss: alpha', alpha)
        check_number('L2SPLoss: beta', beta)
        if isinstance(exclude, str):
            raise InputError(
                where='L2SPLoss: exclude',
                found=repr(exclude),
                expected="a list of name patterns such as ['head.*']",
            )
        self.alpha, self.beta = alpha, beta
        self.vectors, self.exclude = vectors, tuple(exclude)
        self._names: tuple[list[str], list[str]] | None = None

    def distance(
        self, student: SourceOutputs, teacher: SourceOutputs
    ) -> Tensor:
        """The penalty of the trained weights, (1,): weights have no images.

        Raises:
            InputError: If the encoders have different weights, or a pattern
                of ``exclude`` matches nothing.
        """
        ours, start = student.weights, teacher.weights
        if self._names is None:
            self._names = self._sort(ours, start)
        moved, decayed = self._names
        pull = _sum_of_squares(ours[n] - start[n] for n in moved)
        decay = _sum_of_squares(ours[n] for n in decayed)
        total = self.alpha / 2 * pull + self.beta / 2 * decay
        return total.reshape(1)

    def _sort(
        self, ours: dict[str, Tensor], start: dict[str, Tensor]
    ) -> tuple[list[str], list[str]]:
        """Names of w_S and of the rest that count."""
        for pattern in self.exclude:
            if not any(fnmatchcase(name, pattern) for name in ours):
                parts = sorted({name.split('.')[0] for name in ours})
                raise InputError(
                    where='L2SPLoss: exclude',
                    found=f'{pattern!r} matches no trained parameter',
                    expected=f'names that begin with {parts}',
                )
        counted = [
            name
            for name, value in ours.items()
            if (self.vectors or value.dim() > 1)
            and not any(fnmatchcase(name, p) for p in self.exclude)
        ]
        if not counted:
            raise InputError(
                where='L2SPLoss',
                found=f'exclude={list(self.exclude)!r} with vectors='
                f'{self.vectors} leaves no trained parameter',
                cure='Exclude fewer parameters, or remove this regulariser.',
            )
        moved = [name for name in counted if name.startswith(_SHARED)]
        strange = [
            name
            for name in moved
            if name not in start or start[name].shape != ours[name].shape
        ]
        if strange:
            raise InputError(
                where='L2SPLoss',
                found=f'{len(strange)} of {len(moved)} encoder weights are '
                f'not in the source: {", ".join(strange[:3])}',
                cure='Use the same architecture in model.backbone and '
                'model.teacher.backbone, or add the new layers to exclude.',
            )
        return moved, [n for n in counted if not n.startswith(_SHARED)]


def _sum_of_squares(tensors: Iterable[Tensor]) -> Tensor | float:
    return sum(x.square().sum() for x in tensors)
