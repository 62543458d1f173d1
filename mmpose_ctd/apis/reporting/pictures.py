"""Pictures inside a page, as data URIs."""

import base64
import io
from dataclasses import dataclass

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure

#: Text stays text: smaller, sharp in print, and readable to screen readers.
_SVG = {'svg.fonttype': 'none', 'svg.hashsalt': 'mmpose_ctd'}
#: With more points than this a PNG is smaller than an SVG.
_MANY = 2000


@dataclass
class PagePicture:
    """What an ``img`` element needs.

    Attributes:
        source (str): A data URI.
        alt (str): What it shows, in words.
        width (int): In CSS pixels.
        height (int): In CSS pixels.
    """

    source: str
    alt: str
    width: int
    height: int


def drawing(figure: Figure, alt: str, num_points: int = 0) -> PagePicture:
    """A figure as SVG without date and program; as PNG if it has many points.

    Args:
        figure (Figure): What to draw.
        alt (str): What it shows, in words.
        num_points (int): How many points it draws.
    """
    buffer = io.BytesIO()
    if num_points > _MANY:
        kind = 'image/png'
        figure.savefig(
            buffer, format='png', dpi=160, metadata={'Software': None}
        )
        data = buffer.getvalue()
    else:
        kind = 'image/svg+xml'
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


def photograph(pixels: np.ndarray, alt: str) -> PagePicture:
    """Pixels (H, W, 3), uint8, BGR, as JPEG without metadata."""
    done, data = cv2.imencode('.jpg', pixels, [cv2.IMWRITE_JPEG_QUALITY, 85])
    if not done:
        raise OSError('a picture of the report cannot be encoded as JPEG.')
    height, width = pixels.shape[:2]
    return PagePicture(_uri(data.tobytes(), 'image/jpeg'), alt, width, height)


def _uri(data: bytes, kind: str) -> str:
    return f'data:{kind};base64,{base64.b64encode(data).decode()}'
