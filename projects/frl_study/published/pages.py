"""Fills the tables of a page in, between markers."""

import re
from pathlib import Path

from .stored_runs import STUDY
from .tables import TABLES, markdown

__all__ = ['PAGES', 'filled']

#: Pages that have such tables.
PAGES: tuple[Path, ...] = (
    STUDY.parents[1] / 'docs' / 'results.md',
    STUDY / 'results.md',
)
_BLOCK = re.compile(
    r'(?P<begin><!-- table: (?P<name>\w+) -->\n).*?(?P<end><!-- end -->)',
    re.DOTALL,
)


def filled(page: str) -> str:
    """A page with what its markers ask for.

    A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``,
    with NAME of :data:`.tables.TABLES`.

    Args:
        page (str): Its text.

    Raises:
        ValueError: If there is no table of that name.
    """

    def fill(block: re.Match) -> str:
        name = block['name']
        if name not in TABLES:
            raise ValueError(f'no table {name!r}; there are {[*TABLES]}')
        return f'{block["begin"]}{markdown(name)}\n{block["end"]}'

    return _BLOCK.sub(fill, page)
