"""What HTML pages are made of: templates, pictures, text without people."""

import base64
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import jinja2
import matplotlib
import numpy as np
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from mmpose_ctd.privacy import HIDDEN, redact

#: Text stays text: smaller, sharp in print, and readable to screen readers.
_SVG = {'svg.fonttype': 'none', 'svg.hashsalt': 'mmpose_ctd'}
#: With more points than this a PNG is smaller than an SVG.
_MANY = 2000
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


@dataclass
class PagePicture:
    """What an ``img`` element needs: a data URI, words, size in CSS px."""

    source: str
    alt: str
    width: int
    height: int


def drawing(figure: Figure, alt: str, num_points: int = 0) -> PagePicture:
    """A figure as SVG without date and program; as PNG if it has many points.

    ``alt`` says in words what it shows.
    """
    if num_points > _MANY:
        kind, data = 'image/png', png_of(figure)
    else:
        kind, buffer = 'image/svg+xml', io.BytesIO()
        with matplotlib.rc_context(_SVG):
            figure.savefig(
                buffer, format='svg', metadata={'Date': None, 'Creator': None}
            )
        # Browsers would join the spaces that align a legend's columns.
        data = buffer.getvalue().replace(
            b'<text ', b'<text xml:space="preserve" '
        )
    width, height = figure.get_size_inches() * 96
    return PagePicture(_uri(data, kind), alt, round(width), round(height))


def png_of(figure: Figure) -> bytes:
    """A figure as PNG; equal figures give equal bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', dpi=160, metadata={'Software': None})
    return buffer.getvalue()


def photograph(pixels: np.ndarray, alt: str) -> PagePicture:
    """Pixels (H, W, 3), uint8, BGR, as JPEG without metadata."""
    _, data = cv2.imencode('.jpg', pixels, [cv2.IMWRITE_JPEG_QUALITY, 85])
    height, width = pixels.shape[:2]
    return PagePicture(_uri(data.tobytes(), 'image/jpeg'), alt, width, height)


def _uri(data: bytes, kind: str) -> str:
    return f'data:{kind};base64,{base64.b64encode(data).decode()}'


def _breakable(text: str) -> Markup:
    """Allow line breaks after the words of a name."""
    html = escape(text)
    for sign, after in (('_', '_<wbr>'), ('.', '.<wbr>'), ('\n', '<br>')):
        html = html.replace(sign, Markup(after))
    return html


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader('mmpose_ctd.apis.reporting', 'template'),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)
_ENVIRONMENT.filters['breakable'] = _breakable
_ENVIRONMENT.globals['zip'] = zip


def template(name: str) -> jinja2.Template:
    """A page's template, by its file's name."""
    return _ENVIRONMENT.get_template(name)
