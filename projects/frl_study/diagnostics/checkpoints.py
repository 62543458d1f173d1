"""The checkpoints that a diagnostic compares."""

import argparse
import os

from mmpose_ctd.apis.command_line import require_checkpoint
from mmpose_ctd.errors import InputError


def add_checkpoints(parser: argparse.ArgumentParser, nargs: str) -> None:
    """``checkpoints``: several ``[NAME=]FILE``."""
    parser.add_argument(
        'checkpoints',
        nargs=nargs,
        metavar='[NAME=]FILE',
        help='trained with the config, or with its siblings',
    )


def named_checkpoints(texts: list[str]) -> dict[str, str]:
    """Name -> file; the default name is the file's.

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
                where=text,
                found=f'another checkpoint is called {name}, too',
                expected='NAME=FILE',
            )
        named[name] = path
    return named
