"""Options that are declared once, as fields of a dataclass.

A field made by :func:`option` holds its default, its help text and whatever
else ``argparse`` needs. :func:`add_options` makes a tool's arguments of the
fields, and the library function takes the fields as keyword arguments.
"""

from collections.abc import Collection
from dataclasses import Field, field, fields
from typing import Any, get_args, get_origin

from mmpose_ctd.errors import InputError


def option(default: Any, help: str, **argument) -> Any:
    """Declare a field with its help text.

    A default of True or False makes a flag without a value. ``argument`` goes
    to ``ArgumentParser.add_argument``.
    """
    metadata = {'help': help, 'argument': argument}
    return field(default=default, metadata=metadata)


def flag(name: str) -> str:
    """What the command line calls a field: ``--margin`` for ``margin``."""
    return '--' + name.replace('_', '-')


def add_options(
    parser, options: type, names: Collection[str] | None = None
) -> None:
    """Add an argument for each field of a dataclass, or for some, to a parser.

    Its ``HEADINGS``, if it has them, map the first field of a group to the
    heading in ``--help``.
    """
    headings = getattr(options, 'HEADINGS', {})
    group = parser
    for each in fields(options):
        if names is not None and each.name not in names:
            continue
        if each.name in headings:
            group = parser.add_argument_group(headings[each.name])
        given = dict(each.metadata['argument'])
        if isinstance(each.default, bool):
            given['action'] = 'store_true'
        else:
            kind = _kind(each)
            if _is_tuple(each):
                kind = get_args(kind)[0]
                given.setdefault('nargs', '+')
            given.setdefault('type', kind)
            given['default'] = each.default
        group.add_argument(
            flag(each.name), help=each.metadata['help'], **given
        )


def given_options(options: type, arguments) -> dict:
    """The fields' values among parsed arguments, as keyword arguments."""
    names = (each.name for each in fields(options))
    return {n: getattr(arguments, n) for n in names if hasattr(arguments, n)}


def check_choices(options) -> None:
    """Make tuples of lists, and refuse what is not among ``choices``.

    Raises:
        InputError: Names the option.
    """
    for each in fields(options):
        value = getattr(options, each.name)
        if _is_tuple(each) and value is not None:
            value = (value,) if isinstance(value, str) else tuple(value)
            object.__setattr__(options, each.name, value)
        choices = each.metadata['argument'].get('choices')
        if choices is None or value == each.default or value in choices:
            continue
        raise InputError(
            where=f'{flag(each.name)} {value}',
            found='not a choice',
            expected='one of ' + ', '.join(map(str, choices)),
        )


def _kind(each: Field) -> Any:
    """The type of a field but for None: ``float`` of ``float | None``."""
    if get_origin(each.type) in (None, tuple):
        return each.type
    return next(k for k in get_args(each.type) if k is not type(None))


def _is_tuple(each: Field) -> bool:
    return get_origin(_kind(each)) is tuple
