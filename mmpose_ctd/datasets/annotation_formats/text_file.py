"""Text as clinics have it: of any editor, system and decade."""

import codecs
import os

from mmpose_ctd.errors import InputError

__all__ = ['read_text']


def read_text(path: str | os.PathLike, name: str) -> str:
    """Read a text file in the encoding that it has.

    UTF-8 and, by their byte order mark, UTF-16; else Windows' code page 1252,
    which all older Western European programs write.

    Args:
        path (str | os.PathLike): The file.
        name (str): How messages call it.

    Returns:
        str: Its content, with ``\\n`` at the ends of lines; not empty.

    Raises:
        InputError: If it is empty or no text.
    """
    with open(path, 'rb') as file:
        data = file.read()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ('utf-16',)
    else:
        encodings = ('utf-8-sig', 'cp1252')
    for encoding in encodings:
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
        found='bytes that are no text',
        cure='Export it again as text.',
    )
