"""Names in a plan that nothing would read, as they are nearly another's."""

import difflib
import functools
import os
import re
from collections.abc import Iterable, Mapping

from mmengine.config import Config

__all__ = ['misspelt_option', 'misspelt_variable']

# Nearer than most names that differ on purpose, max_iters and min_iters apart.
_NEAR = 0.8
# {{$NAME:default}} in a config.
_VARIABLE = re.compile(r'\{\{\s*\$(\w+)')


def misspelt_option(option: str, config: Mapping) -> str | None:
    """The option that is probably meant, if this one is not in the config.

    An option may be new, as many settings stand in no config; one whose name
    is nearly that of its neighbour would be read by nobody, or end the run.

    Args:
        option (str): Such as ``'optim_wrapper.optimizer.lrr'``.
        config (Mapping): The config, before the option is set.
    """
    parts, here = option.split('.'), config
    for i, part in enumerate(parts):
        if isinstance(here, (list, tuple)) and part.isdigit():
            inside = int(part) < len(here)
            here = here[int(part)] if inside else None
        elif not isinstance(here, Mapping):
            return None
        elif part in here:
            here = here[part]
        else:
            near = _near(part, here)
            return near and '.'.join([*parts[:i], near, *parts[i + 1 :]])
    return None


def misspelt_variable(name: str, config: str) -> str | None:
    """The variable that is probably meant, if the config reads no such one.

    Args:
        name (str): Of an environment variable.
        config (str): File of the config.
    """
    known = _variables(os.path.abspath(config))
    return None if name in known else _near(name, known)


def _near(name: str, known: Iterable[str]) -> str | None:
    # A number at the end tells names apart.
    if name[-1:].isdigit():
        return None
    found = difflib.get_close_matches(name, list(known), 1, _NEAR)
    return found[0] if found else None


@functools.cache
def _variables(config: str) -> frozenset[str]:
    """What a config and those that it is based on read."""
    with open(config, encoding='utf-8') as file:
        found = {*_VARIABLE.findall(file.read())}
    for base in Config._get_base_files(config):
        path = os.path.join(os.path.dirname(config), base)
        if os.path.isfile(path):
            found |= _variables(os.path.abspath(path))
    return frozenset(found)
