"""Freezes parts of a model, named by patterns."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import chain

from torch import nn

from mmpose_ctd.errors import InputError


def freeze(
    model: nn.Module, frozen: Sequence[str], trainable: Sequence[str] = ()
) -> list[nn.Module]:
    """Freeze the parameters whose names match.

    Patterns match names of parameters and buffers as file names match
    (``*`` matches any text, dots too). A module's name, such as
    ``'backbone'``, stands for everything in it.

    Args:
        model (nn.Module): Frozen parameters get ``requires_grad=False``.
        frozen (Sequence[str]): Patterns of what to freeze.
        trainable (Sequence[str]): Exceptions from ``frozen``.

    Returns:
        list[nn.Module]: The outermost modules that are frozen whole. Keep
        them in inference mode while training, or their BatchNorm statistics
        change.

    Raises:
        InputError: If a pattern matches nothing, or everything is frozen, or
            ``trainable`` is given alone.
    """
    names = dict(chain(model.named_parameters(), model.named_buffers()))
    matched: dict[str, set[str]] = {}
    for key, patterns in (('frozen', frozen), ('trainable', trainable)):
        if isinstance(patterns, str) or not all(
            isinstance(p, str) for p in patterns
        ):
            raise InputError(
                where=f'model.{key}',
                found=repr(patterns),
                expected="a list of name patterns such as ['backbone']",
            )
        matched[key] = set()
        for pattern in patterns:
            hits = {n for n in names if _matches(n, pattern)}
            if not hits:
                parts = ', '.join(sorted({n.split('.')[0] for n in names}))
                raise InputError(
                    where=f'model.{key}',
                    found=f'{pattern!r} matches no parameter',
                    expected=f'a name or pattern below {parts}',
                    cure='To see all names: `for name, _ in '
                    'model.named_parameters(): print(name)`.',
                )
            matched[key] |= hits
    if matched['trainable'] and not matched['frozen']:
        raise InputError(
            where='model.trainable',
            found=f'{list(trainable)!r}, but model.frozen is not set',
            cure="Set model.frozen=['backbone'] to train only these parts of "
            'the backbone.',
        )
    kept = matched['frozen'] - matched['trainable']
    if kept >= {n for n, _ in model.named_parameters()}:
        raise InputError(
            where='model.frozen',
            found=f'{list(frozen)!r} freezes the whole model',
            expected='some parameters to train',
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
