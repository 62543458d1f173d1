"""Puts a report together as one page."""

import datetime
from collections.abc import Sequence

from mmpose_ctd.version import __version__

from .anonymity import Anonymity
from .error_section import error_section
from .face_section import face_section
from .limits import limits_of
from .measure_section import measure_sections
from .settings_section import settings_section
from .system import System
from .templates import template
from .training_section import training_section

__all__ = ['render_page']


def render_page(
    systems: Sequence[System],
    title: str,
    photographs: bool = False,
    num_failed: int = 0,
) -> str:
    """The report as HTML; all that it shows is in it.

    Args:
        systems (Sequence[System]): The first is what the others are compared
            with.
        title (str): Of the page.
        photographs (bool): Whether people are shown. Defaults to False.
        num_failed (int): Work dirs that could not be read.

    Returns:
        str: The page.
    """
    anonymity = Anonymity(
        name
        for system in systems
        for result in system.runs
        for data in result.data.values()
        if data is not None
        for name in (*data.subjects, *data.files)
    )
    for system in systems:
        system.name = anonymity.clean(system.name)
    return template('report.html').render(
        title=anonymity.clean(title),
        date=datetime.date.today().isoformat(),
        version=__version__,
        systems=systems,
        errors=error_section(systems),
        measures=measure_sections(systems),
        faces=face_section(systems, photographs),
        training=training_section(systems),
        settings=settings_section(systems, anonymity),
        limits=[anonymity.clean(text) for text in limits_of(systems)],
        num_failed=num_failed,
    )
