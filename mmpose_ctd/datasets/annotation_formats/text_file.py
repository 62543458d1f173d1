"""Reads text files of any editor, system and decade."""

import codecs
import os

from mmpose_ctd.errors import InputError

__all__ = ['read_text']


def read_text(path: str | os.PathLike, name: str) -> str:
    """Read a text file in UTF-8, UTF-16 or Windows' code page 1252.

    Args:
        path (str | os.PathLike): The file. UTF-16 needs a byte order mark.
        name (str): Its name in messages.

    Returns:
        str: Its content, not empty; lines end with ``\\n``.

    Raises:
        InputError: If it is empty or not text.
    """
    with open(path, 'rb') as file:
        data = file.read()
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ('utf-16',) if wide else ('utf-8-sig', 'cp1252'):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if '\0' in text:
            break
        if not text.strip():
            raise InputError(
                where=name, found='the file is empty', cure='Export it again.'
            )
        return text.replace('\r\n', '\n').replace('\r', '\n')
    raise InputError(
        where=name,
        found='bytes that are not text',
        cure='Export it again as text.',
    )
