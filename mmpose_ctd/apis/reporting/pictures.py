"""Pictures as part of a page: nothing is left outside of it."""

import base64
import io
from dataclasses import dataclass

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure

__all__ = ['Picture', 'drawing', 'photograph']

#: Letters stay letters: smaller, sharp in print, and read aloud.
_SVG = {'svg.fonttype': 'none', 'svg.hashsalt': 'mmpose_ctd'}
#: Points of a figure above which pixels are lighter than lines.
_MANY = 2000
#: Keys of metadata that matplotlib would fill with a date and an address.
_NO_METADATA = {'Date': None, 'Creator': None}


@dataclass
class Picture:
    """What an ``img`` element needs.

    Attributes:
        source (str): A data URI.
        alt (str): What is to be seen, in words.
        width (int): In CSS pixels.
        height (int): Likewise.
    """

    source: str
    alt: str
    width: int
    height: int


def drawing(figure: Figure, alt: str, num_points: int = 0) -> Picture:
    """A figure, without date and program.

    SVG, or PNG where SVG would hold more than a few thousand points.

    Args:
        figure (Figure): What to draw.
        alt (str): What is to be seen, in words.
        num_points (int): How many points are drawn in it.
    """
    width, height = figure.get_size_inches() * 96
    kind, settings = 'svg', {'metadata': _NO_METADATA}
    if num_points > _MANY:
        kind, settings = 'png', {'dpi': 160, 'metadata': {'Software': None}}
    buffer = io.BytesIO()
    with matplotlib.rc_context(_SVG):
        figure.savefig(buffer, format=kind, **settings)
    data, mime = buffer.getvalue(), 'image/png'
    if kind == 'svg':
        # Else a browser joins the spaces that set a legend's columns.
        data = data.replace(b'<text ', b'<text xml:space="preserve" ')
        mime = 'image/svg+xml'
    return Picture(_uri(data, mime), alt, round(width), round(height))


def photograph(pixels: np.ndarray, alt: str) -> Picture:
    """Pixels (H, W, 3), BGR, as JPEG: nothing but pixels is in it."""
    done, data = cv2.imencode('.jpg', pixels, [cv2.IMWRITE_JPEG_QUALITY, 85])
    if not done:
        raise OSError('a picture of the report cannot be encoded as JPEG.')
    height, width = pixels.shape[:2]
    return Picture(_uri(data.tobytes(), 'image/jpeg'), alt, width, height)


def _uri(data: bytes, kind: str) -> str:
    return f'data:{kind};base64,{base64.b64encode(data).decode()}'
