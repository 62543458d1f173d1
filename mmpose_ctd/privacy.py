"""Shortens absolute paths in checkpoints and logs.

Clinical folders often name people. Paths below the current folder become
relative, others ``<...>/`` and their last part.
"""

import copy
import functools
import logging
import os
import re
import traceback
from pathlib import PurePath

#: What stands for the folders of a path.
HIDDEN = '<...>/'

# \\server\a, also as repr() writes it. Other double backslashes are mostly
# regular expressions.
_SERVER = r'\\{2}(?=[\w.$-]+\\[^\s\\])|\\{4}(?=[\w.$-]+\\{2}[^\s\\])'

# Where a bare path may begin: not in a relative path, a URL, a fraction like
# mm/px, or a shortened path.
_BEFORE = r"""(?<![^\s'"=(\[{<>,;:|`])(?<!:(?=//))(?<!<\.\.\.>)"""

_ROOT = rf"""/{{1,9}}(?=[^\s/'"<>|`]+/)|[A-Za-z]:[\\/]+|{_SERVER}"""

# Up to a space, a quote or punctuation at the end; O'Brien continues.
_REST = r"""(?:[^\s'"<>|`]|(?<=\w)'(?=\w))*[^\s'"<>|`,;:.!?)\]}]"""

# A value that is one path as a whole.
_WHOLE = re.compile(rf'(?:/+(?=[^\s/])|[A-Za-z]:[\\/]|{_SERVER})[^\n]*')


@functools.lru_cache(maxsize=8)
def _pattern(*folders: str) -> re.Pattern:
    """Matches paths in a text; in the given folders also with spaces."""
    known = ''.join(rf'{re.escape(f)}(?=[\\/])|' for f in folders)
    return re.compile(
        rf"""
        (?P<quote>['"`])
            (?P<quoted>(?:/|[A-Za-z]:[\\/]|{_SERVER})
                (?:\\.|(?!(?P=quote))[^\n\\])*)
        (?P=quote)
        |(?P<url>(?<!\w)[A-Za-z][\w+.-]{{1,19}}://[^\s'"<>`]*)
        |(?P<bare>{_BEFORE}(?:{known}{_ROOT}){_REST})
        """,
        re.VERBOSE,
    )


def _here() -> str | None:
    """The current folder, if anything can lie below it."""
    try:
        here = os.getcwd()
    except OSError:  # it was deleted
        return None
    return here if os.path.dirname(here) != here else None


def _shorten(path: str) -> str:
    here = _here()
    inside = os.path.normpath(path)
    if here and (inside == here or inside.startswith(here + os.sep)):
        return os.path.relpath(inside, here)
    parts = re.split('/' if path[0] == '/' else r'[\\/]', path)
    parts = [part for part in parts if part]
    return HIDDEN + parts[-1] if len(parts) > 1 else path


def _replace(match: re.Match) -> str:
    quote, quoted, url, bare = match.group('quote', 'quoted', 'url', 'bare')
    if quote:
        return quote + _shorten(quoted) + quote
    if bare:
        return _shorten(bare)
    if url.lower().startswith('file:///'):
        return url[:7] + _shorten(url[7:])
    return url


def _redact_text(text: str) -> str:
    home = os.path.expanduser('~')
    folders = [f for f in (_here(), home) if f and len(f) > 1]
    return _pattern(*folders).sub(_replace, text)


def redact(value):
    """Shorten the absolute paths in a string, or in all strings of a tree.

    A string of one line that begins with a path is one path, including
    spaces. In other text a path may contain spaces if it is quoted or lies in
    the current or the home folder.

    Args:
        value: A string or path, or dicts (keys stay), lists, tuples and sets
            of them; other objects are returned unchanged.

    Returns:
        The same structure; unchanged objects are not copied.
    """
    if isinstance(value, str):
        one_path = _WHOLE.fullmatch(value)
        short = _shorten(value) if one_path else _redact_text(value)
        return value if short == value else short
    if isinstance(value, PurePath):
        short = redact(str(value))
        return value if short == str(value) else type(value)(short)
    if isinstance(value, dict):
        changed = {k: r for k, v in value.items() if (r := redact(v)) is not v}
        if not changed:
            return value
        short = copy.copy(value)
        for key, item in changed.items():
            short[key] = item
        return short
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [(item, redact(item)) for item in value]
        if all(old is new for old, new in items):
            return value
        short = [new for _, new in items]
        named = hasattr(value, '_fields')
        return type(value)(*short) if named else type(value)(short)
    return value


def redact_logs() -> None:
    """Shorten the absolute paths in every message logged from now on."""
    make = logging.getLogRecordFactory()
    if getattr(make, 'redacts', False):
        return

    def factory(*args, **kwargs) -> logging.LogRecord:
        record = make(*args, **kwargs)
        # mmengine prints it with every error.
        record.pathname = redact(record.pathname)
        try:
            message = record.getMessage()
        except Exception:  # the handler reports wrong arguments
            return record
        short = _redact_text(message)
        if short != message:
            # The message contains the arguments.
            record.msg, record.args = short, ()
        if record.exc_info and record.exc_info[0] is not None:
            trace = ''.join(traceback.format_exception(*record.exc_info))
            record.exc_text = _redact_text(trace.rstrip('\n'))
        if record.stack_info:
            record.stack_info = _redact_text(record.stack_info)
        return record

    factory.redacts = True
    logging.setLogRecordFactory(factory)
