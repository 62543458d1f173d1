"""Keeps a user's folders out of what they may send around.

Clinical file names and folders often name people. Checkpoints and logs carry
the configuration; here its absolute paths are shortened: relative to the
current folder if they lie below it, else to their last part.
"""

import logging
import os
import re

__all__ = ['redact', 'redact_logs']

# An absolute path, bare or quoted: /a/b, C:\a\b. Not the path of a URL, of a
# relative path or of a fraction like mm/px.
_ABSOLUTE = re.compile(
    r"""(?<![\w.\-:/\\~}\]>])           # nothing that a path could go on from
    (?:/(?=[\w.~-]+/)|/(?=[\w.-]+\.\w)  # /folder/... or /file.ext
       |[A-Za-z]:[\\/])
    [^\s'",;:()\[\]{}<>|*?]+""",
    re.VERBOSE,
)


def _shorten(match: re.Match) -> str:
    path = match.group()
    here = os.getcwd()
    inside = os.path.normpath(path)
    if inside == here or inside.startswith(here + os.sep):
        return os.path.relpath(inside, here)
    last = re.split(r'[\\/]', path.rstrip('\\/'))[-1]
    return f'<...>/{last}'


def redact(value):
    """Shorten the absolute paths in a string, or in all strings of a tree.

    Args:
        value: A string, or dicts, lists and tuples of them; anything else is
            returned as it is.

    Returns:
        The same structure. Quoted strings that are a path as a whole may
        contain spaces; bare ones end at a space.
    """
    if isinstance(value, str):
        return _ABSOLUTE.sub(_shorten, _quoted(value))
    if isinstance(value, dict):
        return type(value)((k, redact(v)) for k, v in value.items())
    if type(value) in (list, tuple):
        return type(value)(redact(v) for v in value)
    return value


_QUOTED = re.compile(r"""(['"])((?:/|[A-Za-z]:[\\/])[^'"\n]+)\1""")


def _quoted(text: str) -> str:
    if os.path.isabs(text) and '\n' not in text and ' ' in text:
        return _shorten(re.fullmatch(r'.*', text))

    def shorten(match: re.Match) -> str:
        quote, path = match.groups()
        return quote + _shorten(re.fullmatch(r'.*', path)) + quote

    return _QUOTED.sub(shorten, text)


def redact_logs() -> None:
    """Shorten the absolute paths in every message logged from now on."""
    make = logging.getLogRecordFactory()
    if getattr(make, 'redacts', False):
        return

    def factory(*args, **kwargs):
        record = make(*args, **kwargs)
        if isinstance(record.msg, str):
            record.msg = redact(record.msg)
        return record

    factory.redacts = True
    logging.setLogRecordFactory(factory)
