"""The report as one HTML page, with its figures inside."""

from collections.abc import Sequence

from mmpose_ctd.apis.reporting.pictures import drawing
from mmpose_ctd.apis.reporting.tables import Table
from mmpose_ctd.apis.reporting.templates import template
from mmpose_ctd.version import __version__

from .parts import Fold, Plot, Section

__all__ = ['render_page']


def render_page(
    title: str,
    by: str,
    sections: Sequence[Section],
    warnings: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> str:
    """The page, in the look of the project's other reports.

    Args:
        title (str): Heading.
        by (str): Line below it.
        sections (Sequence[Section]): What follows.
        warnings (Sequence[str]): Shown first.
        notes (Sequence[str]): Paragraphs after them.

    Returns:
        str: HTML; all that it shows is in it.
    """
    return template('comparison.html').render(
        title=title,
        by=by,
        version=__version__,
        warnings=warnings,
        notes=notes,
        sections=[
            {
                'key': section.key,
                'title': section.title,
                'parts': [_part(part) for part in section.parts],
            }
            for section in sections
        ],
    )


def _part(part: Table | Plot | Fold | str) -> dict:
    if isinstance(part, Table):
        return {'kind': 'table', 'table': part}
    if isinstance(part, Plot):
        picture = drawing(part.figure, part.alt, part.num_points)
        return {'kind': 'plot', 'picture': picture, 'caption': part.caption}
    if isinstance(part, Fold):
        parts = [_part(one) for one in part.parts]
        return {'kind': 'fold', 'title': part.title, 'parts': parts}
    return {'kind': 'text', 'text': part}
