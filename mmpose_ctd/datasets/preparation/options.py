"""What a user decides about a set."""

import math
from dataclasses import asdict, dataclass

from mmpose_ctd.errors import InputError

from ..annotation_formats import AnnotationFormat, ReadOptions
from ..annotation_formats.numbers import DECIMAL_MARKS
from .framing import MARGINS
from .subject_folders import SUBJECT_FOLDERS

__all__ = ['PrepareOptions', 'UNITS']

#: Millimetres in a unit that a scale may be in.
UNITS = {'mm': 1.0, 'cm': 10.0, 'inch': 25.4}

#: What coordinates may be in, but for a number of pixels.
COORDINATE_UNITS = ('px', 'share', 'percent', 'permille', 'scaled')

_CHOICES = {
    'crop': tuple(MARGINS),
    'frame': ('auto', 'upright', 'stored'),
    'y_axis': (None, 'up', 'down'),
    'image_format': ('jpg', 'png'),
    'duplicates': ('first', 'last'),
    'scale_unit': (None, *UNITS),
    'decimal_mark': (None, *DECIMAL_MARKS),
    'photograph_from': (None, 'id'),
    'site_from': (None, 'folder'),
    'subject_from': (None, *SUBJECT_FOLDERS),
}


@dataclass(frozen=True)
class PrepareOptions:
    """How photographs and points become a set.

    Attributes:
        crop (str): ``'face'``, ``'landmarks'``, or ``'none'``: the whole
            photograph.
        margin (float, optional): Added on each side of the face or of the
            landmarks, as a share of their longer side. Defaults to
            ``MARGINS``.
        size (int, optional): Side of the pictures, in pixels; None keeps
            what was cut out. Defaults to 256.
        enlarge (bool): Whether smaller ones are enlarged to it.
        image_format (str): ``'jpg'`` or ``'png'``.
        quality (int): Of a JPEG, 1 to 100.
        frame (str): Which pixels were clicked: ``'upright'``, ``'stored'``
            (EXIF orientation not applied), or ``'auto'``.
        unit (str, optional): What coordinates are in: ``'px'``, ``'share'`` of
            width and height, ``'percent'``, ``'permille'``, ``'scaled'``
            (pixels times the record's scale), or a number, the pixels in a
            unit. Defaults to pixels that look like it, see
            :func:`.check_units`.
        first_pixel (float, optional): Coordinate of the centre of the corner
            pixel. Defaults to that of the format.
        y_axis (str, optional): ``'up'`` or ``'down'``. Defaults to that of
            the format.
        zero_is_missing (bool): Whether a point at exactly 0, 0 is missing.
        decimal_mark (str, optional): ``'point'`` or ``'comma'``, where
            numbers such as 1,034 can be read in two ways.
        photograph_from (str, optional): ``'id'``; see
            :class:`.ReadOptions`.
        scale_points (tuple[str, ...]): The two ends of a ruler, as the files
            or, where those have no names, the landmarks call them.
        scale_length_mm (float, optional): Its length.
        scale_unit (str, optional): Unit of the scale in tps files.
        duplicates (str): Which of several records of a photograph is used.
        site (str, optional): The site of all photographs.
        site_from (str, optional): ``'folder'``: the first below IMAGES.
        subject_from (str, optional): Which of the photograph's folders is the
            subject, see :mod:`.subject_folders`.
        subject_pattern (str, optional): Regular expression on file names.
        subject_codes (bool): Whether codes stand for subjects' names.
        keep_columns (tuple[str, ...]): Further columns of the table.
        image_root (tuple[str, ...]): What the points and the table call the
            folder of the photographs, see :class:`.ImageNames`.

    Raises:
        InputError: If a value makes no sense.
    """

    crop: str = 'face'
    margin: float | None = None
    size: int | None = 256
    enlarge: bool = False
    image_format: str = 'jpg'
    quality: int = 95
    frame: str = 'auto'
    unit: str | None = None
    first_pixel: float | None = None
    y_axis: str | None = None
    zero_is_missing: bool = False
    decimal_mark: str | None = None
    photograph_from: str | None = None
    scale_points: tuple[str, ...] = ()
    scale_length_mm: float | None = None
    scale_unit: str | None = None
    duplicates: str = 'first'
    site: str | None = None
    site_from: str | None = None
    subject_from: str | None = None
    subject_pattern: str | None = None
    subject_codes: bool = False
    keep_columns: tuple[str, ...] = ()
    image_root: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key, choices in _CHOICES.items():
            if getattr(self, key) not in choices:
                self._refuse(key, f'one of {choices}')
        if self.margin is not None and not 0 <= self.margin <= 10:
            self._refuse('margin', 'a share from 0 to 10')
        if self.size is not None and not 16 <= self.size <= 16384:
            self._refuse('size', '16 to 16384 pixels')
        if not 1 <= self.quality <= 100:
            self._refuse('quality', '1 to 100')
        if self.unit not in (None, *COORDINATE_UNITS) and not (
            _is_length(self.unit)
        ):
            self._refuse(
                'unit',
                f'{", ".join(COORDINATE_UNITS)}, or the pixels in one unit',
            )
        if self.first_pixel not in (None, 0, 0.5, 1):
            self._refuse('first_pixel', '0, 0.5 or 1')
        if bool(self.scale_points) != (self.scale_length_mm is not None):
            raise InputError(
                '--scale-points and --scale-length-mm belong together: two '
                'ends of a ruler, and its length.'
            )
        if self.scale_points and (
            len(self.scale_points) != 2 or len(set(self.scale_points)) != 2
        ):
            self._refuse('scale_points', 'the names of two points')
        length = self.scale_length_mm
        if length is not None and not 0 < length < math.inf:
            self._refuse('scale_length_mm', 'millimetres above 0')
        if self.subject_from and self.subject_pattern:
            raise InputError(
                '--subject-from and --subject-pattern: give one of them.'
            )
        if self.site_from and self.site:
            raise InputError('--site-from and --site: give one of them.')

    def _refuse(self, key: str, expected: str) -> None:
        option = '--' + key.replace('_', '-')
        raise InputError(
            f'{option} {getattr(self, key)}: expected {expected}.'
        )

    @property
    def reading(self) -> ReadOptions:
        """What is stated about the files of points."""
        return ReadOptions(
            DECIMAL_MARKS.get(self.decimal_mark), self.photograph_from
        )

    @property
    def used_margin(self) -> float:
        """The margin given, or the crop's own."""
        return MARGINS[self.crop] if self.margin is None else self.margin

    def frame_of(self, known: AnnotationFormat) -> tuple[float, bool]:
        """Coordinate of the first pixel, and whether y points up."""
        first = self.first_pixel
        return (
            known.first_pixel if first is None else first,
            known.y_up if self.y_axis is None else self.y_axis == 'up',
        )

    def described(self) -> dict:
        """What a reader of the set should know; names nobody."""
        private = ('subject_pattern', 'site', 'keep_columns', 'image_root')
        kept = {k: v for k, v in asdict(self).items() if k not in private}
        return kept | {'margin': self.used_margin}


def _is_length(text: str) -> bool:
    try:
        return 0 < float(text) < math.inf
    except ValueError:
        return False
