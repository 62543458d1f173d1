"""Removes folders and people from quoted text."""

import re
from collections.abc import Iterable

from mmpose_ctd.privacy import HIDDEN, redact

# The end of a shortened path may name somebody, too.
_LAST_PART = re.compile(rf"""{re.escape(HIDDEN)}[^'"\n,;)\]}}]*""")


class Anonymity:
    """Cleans text that comes from a user's files.

    Args:
        ids (Iterable[str]): Ids of subjects and names of image files. Those
            of fewer than three characters, and numbers of fewer than five
            digits, stay: they occur everywhere.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        names = {name for one in ids for name in (one, one.rpartition('.')[0])}
        names = sorted(filter(_is_telling, names), key=len, reverse=True)
        any_name = '|'.join(map(re.escape, names))
        self._ids = re.compile(
            rf'(?<![^\W_])(?:{any_name})(?![^\W_])' if names else r'(?!)'
        )

    def clean(self, text: str) -> str:
        """The text without absolute paths and without ids."""
        return self._ids.sub('[id]', _LAST_PART.sub('[path]', redact(text)))


def _is_telling(name: str) -> bool:
    return len(name) >= (5 if name.isdigit() else 3)
