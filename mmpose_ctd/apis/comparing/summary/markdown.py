"""The report as Markdown, with its figures beside it."""

import re
from collections.abc import Sequence

from mmpose_ctd.apis.reporting.tables import Table

from .parts import Fold, Plot, Section

__all__ = ['markdown', 'markdown_table']

# What Markdown or HTML would take for markup.
_MARKUP = re.compile(r'([\\|*`]|<(?=[A-Za-z/!]))')


def markdown(
    title: str,
    by: str,
    sections: Sequence[Section],
    warnings: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> str:
    """The whole page.

    Args:
        title (str): Heading.
        by (str): Line below it.
        sections (Sequence[Section]): What follows.
        warnings (Sequence[str]): Shown first, as quotes.
        notes (Sequence[str]): Paragraphs after them.

    Returns:
        str: Text that ends in a newline.
    """
    blocks = [f'# {_text(title)}', _text(by)]
    blocks += [f'> **Note:** {_text(warning)}' for warning in warnings]
    blocks += [_text(note) for note in notes]
    for section in sections:
        blocks.append(f'## {_text(section.title)}')
        blocks += [_part(part) for part in section.parts]
    return '\n\n'.join(filter(None, blocks)) + '\n'


def markdown_table(table: Table) -> str:
    """Rows of a table; line breaks within a cell become ``<br>``."""
    rows = [table.headings, *table.rows]
    lines = [
        '| ' + ' | '.join(_cell(cell) for cell in row) + ' |' for row in rows
    ]
    lines.insert(1, '| ' + ' | '.join(['---'] * len(table.headings)) + ' |')
    return '\n'.join(lines)


def _part(part: Table | Plot | Fold | str) -> str:
    if isinstance(part, Table):
        return f'**{_text(part.caption)}**\n\n{markdown_table(part)}'
    if isinstance(part, Plot):
        alt = _text(part.caption).replace('[', '(').replace(']', ')')
        return f'![{alt}]({part.name}.png)\n\n*{_text(part.caption)}*'
    if isinstance(part, Fold):
        inner = '\n\n'.join(_part(one) for one in part.parts)
        title = _text(part.title)
        return f'<details><summary>{title}</summary>\n\n{inner}\n\n</details>'
    return _text(part)


def _cell(text: str) -> str:
    return _text(text).replace('\n', '<br>')


def _text(text: str) -> str:
    return _MARKUP.sub(lambda m: '&lt;' if m[1] == '<' else f'\\{m[1]}', text)
