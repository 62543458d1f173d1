"""Checkpoints of a command line, each by a name."""

import argparse
import os

from mmpose_ctd.errors import InputError

from .command_line import require_checkpoint

__all__ = ['add_checkpoints', 'named_checkpoints']


def add_checkpoints(parser: argparse.ArgumentParser, nargs: str) -> None:
    """``checkpoints``, so many of ``[NAME=]FILE``, for a config's siblings.

    Args:
        parser (ArgumentParser): Of the tool.
        nargs (str): ``'+'``, or ``'*'`` where there may be none.
    """
    parser.add_argument(
        'checkpoints',
        nargs=nargs,
        metavar='[NAME=]FILE',
        help='trained with the config, or with its siblings',
    )


def named_checkpoints(texts: list[str]) -> dict[str, str]:
    """Name -> file; without a name the file's own.

    Args:
        texts (list[str]): ``NAME=FILE`` or ``FILE``.

    Raises:
        InputError: If two have one name.
        MissingFileError: If a file does not exist.
    """
    named: dict[str, str] = {}
    for text in texts:
        name, sign, path = text.partition('=')
        if not sign or '/' in name:
            name, path = os.path.basename(text), text
        require_checkpoint(path)
        if name in named:
            raise InputError(
                f'{text}: another checkpoint is called {name}, too; write '
                'NAME=FILE.'
            )
        named[name] = path
    return named
