"""Reads JSON and text files of any editor, system and decade."""

import codecs
import json
import os
from collections import Counter

from mmpose_ctd.errors import InputError


def read_json(
    path: str | os.PathLike, name: str, cure: str = 'Export it again.'
):
    """Read a JSON file.

    It is in UTF-8, or in UTF-16 with a byte order mark. ``name`` is its name
    in messages, ``cure`` what a user can do.

    Raises:
        InputError: If it is not JSON, is nested too deeply, has a key twice
            in one object (its value would be undefined), or text that cannot
            be written again.
    """
    with open(path, 'rb') as file:
        data = file.read()
    try:
        utf16 = data.startswith((b'\xff\xfe', b'\xfe\xff'))
        text = data.decode('utf-16' if utf16 else 'utf-8-sig')
        content = json.loads(text, object_pairs_hook=_unique)
        # An escape may be half of a surrogate pair, which is no character.
        if '\\u' in text:
            json.dumps(content, ensure_ascii=False).encode()
        return content
    except _RepeatedKey as error:
        found = f'the key {error.args[0]!r} is twice in one object'
    except RecursionError:
        found = 'JSON that is nested too deeply'
    except UnicodeError:
        found = 'bytes or escapes that are not text'
    except json.JSONDecodeError as error:
        found = f'not a JSON file ({error})'
    except ValueError:
        # Python's limit.
        found = 'a number of more than 4300 digits'
    raise InputError(where=name, found=found, cure=cure)


class _RepeatedKey(Exception):
    """Not a ValueError, as JSON's own errors are."""


def _unique(pairs: list[tuple]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise _RepeatedKey(next(k for k, n in counts.items() if n > 1))
    return found


def read_text(path: str | os.PathLike, name: str) -> str:
    """Read a text file in UTF-8, UTF-16 or Windows' code page 1252.

    UTF-16 needs a byte order mark. Lines of the result end with ``\\n``.

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
