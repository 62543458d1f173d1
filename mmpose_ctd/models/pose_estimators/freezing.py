"""Keeps parts of a model as they are, named by patterns."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import chain

from torch import nn

from mmpose_ctd.errors import InputError

__all__ = ['freeze']


def freeze(
    model: nn.Module, frozen: Sequence[str], trainable: Sequence[str] = ()
) -> list[nn.Module]:
    """Freeze the parameters whose names match.

    Patterns are those of file names (``*`` matches any text, dots too) on the
    names of ``model.named_parameters()`` and its buffers; the name of a
    module, such as ``'backbone'``, stands for all that is in it.

    Args:
        model (nn.Module): Changed in place: frozen parameters ask for no
            gradient.
        frozen (Sequence[str]): What to freeze.
        trainable (Sequence[str]): What of it is left to train.

    Returns:
        list[nn.Module]: The modules of which everything is frozen, outermost
        first, none inside another. Whoever trains the model has to keep them
        in inference mode, or their BatchNorm statistics move.

    Raises:
        InputError: If a pattern matches nothing, or all is frozen, or
            ``trainable`` is given alone.
    """
    names = dict(chain(model.named_parameters(), model.named_buffers()))
    matched: dict[str, set[str]] = {}
    for key, patterns in (('frozen', frozen), ('trainable', trainable)):
        if isinstance(patterns, str) or not all(
            isinstance(p, str) for p in patterns
        ):
            raise InputError(
                f'model.{key}={patterns!r}; expected a list of name patterns '
                "such as ['backbone']."
            )
        matched[key] = set()
        for pattern in patterns:
            hits = {n for n in names if _matches(n, pattern)}
            if not hits:
                parts = ', '.join(sorted({n.split('.')[0] for n in names}))
                raise InputError(
                    f'model.{key}: the pattern {pattern!r} matches no '
                    f'parameter of the model. Its parts: {parts}. For all '
                    'names: `for name, _ in model.named_parameters(): '
                    'print(name)`.'
                )
            matched[key] |= hits
    if matched['trainable'] and not matched['frozen']:
        raise InputError(
            f'model.trainable={list(trainable)!r} exempts parts of '
            'model.frozen, which is not set; all of the model is trained. '
            "Set model.frozen=['backbone'] to train only these parts of it."
        )
    kept = matched['frozen'] - matched['trainable']
    if kept >= {n for n, _ in model.named_parameters()}:
        raise InputError(
            f'model.frozen={list(frozen)!r} freezes the whole model; nothing '
            'is left to train.'
        )
    for name in kept:
        # Buffers have no gradient to ask for.
        names[name].requires_grad_(False)
    return list(_outermost(model, '', kept))


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(name, f'{pattern}.*')


def _outermost(
    module: nn.Module, prefix: str, kept: set[str]
) -> Iterator[nn.Module]:
    own = {
        prefix + n
        for n, _ in chain(module.named_parameters(), module.named_buffers())
    }
    if own and own <= kept:
        yield module
        return
    for name, child in module.named_children():
        yield from _outermost(child, f'{prefix}{name}.', kept)
