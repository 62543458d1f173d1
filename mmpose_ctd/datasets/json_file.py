"""Reads JSON that somebody else wrote, and trusts nothing in it."""

import json
import os

from mmpose_ctd.errors import InputError

__all__ = ['read_json']


def read_json(
    path: str | os.PathLike, name: str, cure: str = 'Export it again.'
):
    """Read a JSON file.

    Args:
        path (str | os.PathLike): The file, in UTF-8 or UTF-16 with a byte
            order mark.
        name (str): How messages call it.
        cure (str): What a user can do. Defaults to exporting it again.

    Returns:
        The content: dict, list, str, int, float, bool or None.

    Raises:
        InputError: If it is not JSON, nested too deeply to be read, has a
            key twice in one object (which value counts is undefined), or
            text that cannot be written again.
    """
    try:
        with open(path, 'rb') as file:
            data = file.read()
        utf16 = data.startswith((b'\xff\xfe', b'\xfe\xff'))
        text = data.decode('utf-16' if utf16 else 'utf-8-sig')
        content = json.loads(text, object_pairs_hook=_unique)
        # Half of a surrogate pair, as an escape, is no character.
        if '\\u' in text:
            json.dumps(content, ensure_ascii=False).encode()
    except _RepeatedKey as error:
        raise InputError(
            where=name,
            found=f'the key {error.args[0]!r} is twice in one object',
            expected='each key once',
            cure=cure,
        ) from None
    except RecursionError:
        raise InputError(
            where=name, found='JSON that is nested too deeply', cure=cure
        ) from None
    except UnicodeError:
        raise InputError(
            where=name, found='bytes or escapes that are no text', cure=cure
        ) from None
    except json.JSONDecodeError as error:
        raise InputError(
            where=name, found=f'not a JSON file ({error})', cure=cure
        ) from None
    except ValueError:
        # Python's limit, which keeps it from hanging.
        raise InputError(
            where=name, found='a number of more than 4300 digits', cure=cure
        ) from None
    return content


class _RepeatedKey(Exception):
    """Not a ValueError, which JSON's own errors are."""


def _unique(pairs: list[tuple]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise _RepeatedKey(key)
            seen.add(key)
    return found
