"""What a user decides about a set. Each option is declared here, once."""

import math
import re
from dataclasses import asdict, dataclass
from typing import ClassVar

from mmpose_ctd.errors import InputError
from mmpose_ctd.option_fields import check_choices, flag, option

from ..annotation_formats import FORMATS, AnnotationFormat, ReadOptions
from ..annotation_formats.cells import DECIMAL_MARKS

#: Millimetres in a unit that a scale may be in.
UNITS = {'mm': 1.0, 'cm': 10.0, 'inch': 25.4}

#: Added on each side, as a share of the box's longer side. The box of a
#: detected face is larger than that of a few landmarks.
MARGINS = {'face': 0.35, 'landmarks': 0.5, 'none': 0.0}

#: Units of coordinates; a number, the pixels in one unit, is one as well.
COORDINATE_UNITS = ('px', 'share', 'percent', 'permille', 'scaled')

# Options that name people or files, or change no picture and no point.
_PRIVATE = {
    *('format', 'landmarks', 'count_from', 'image_root', 'mapping', 'site'),
    *('table', 'keep_columns', 'subject_pattern', 'names_in_report'),
}


@dataclass(frozen=True)
class PrepareOptions:
    """How photographs and points become a set.

    ``mmpose_ctd prepare --help`` shows the fields, as options.

    Attributes:
        HEADINGS (dict[str, str]): First field of a group -> its heading.

    Raises:
        InputError: If a value makes no sense. It names the option.
    """

    HEADINGS: ClassVar = {
        'crop': 'pictures',
        'format': 'points',
        'scale_points': 'scale',
        'duplicates': 'records, subjects, sites',
        'mapping': 'names',
    }

    crop: str = option(
        'face',
        'what is cut out: a square around the detected face, around the '
        'landmarks, or the whole photograph (default: face)',
        choices=tuple(MARGINS),
    )
    margin: float | None = option(
        None,
        'added on each side, as a share of the longer side of face or '
        'landmarks (default: 0.35, 0.5)',
    )
    size: int | None = option(
        256, 'side in pixels; 0 keeps the pixels as they are (default: 256)'
    )
    enlarge: bool = option(
        False, 'enlarge smaller pictures (default: they stay small)'
    )
    image_format: str = option('jpg', '(default: jpg)', choices=('jpg', 'png'))
    quality: int = option(95, 'of JPEGs (default: 95)')
    format: str | None = option(
        None,
        'format of the points (default: detected)',
        choices=tuple(FORMATS),
    )
    landmarks: str | None = option(
        None,
        'text file of landmark names: one a line, in the order of clicking; '
        'or lines name=number, name=label',
        metavar='FILE.txt',
    )
    count_from: int | None = option(
        None, 'number of the first point in that file', choices=(0, 1)
    )
    frame: str = option(
        'auto',
        'where EXIF turns a photograph: the points were clicked in the '
        'upright picture or in the stored pixels (default: what fits the '
        'size in the record, else upright)',
        choices=('auto', 'upright', 'stored'),
    )
    unit: str | None = option(
        None,
        'unit of the coordinates: px, share (0 to 1), percent, permille, '
        'scaled (pixels multiplied by SCALE= of tps files), or the number of '
        'pixels in one unit (default: px; refused if they do not look like '
        'pixels)',
        metavar='UNIT',
    )
    first_pixel: float | None = option(
        None,
        'coordinate of the centre of the corner pixel (default: that of the '
        'format)',
        choices=(0, 0.5, 1),
    )
    y_axis: str | None = option(
        None,
        'direction of y (default: up for tps, else down)',
        choices=('up', 'down'),
    )
    zero_is_missing: bool = option(False, 'points at exactly 0, 0 are missing')
    decimal_mark: str | None = option(
        None,
        'in tables, tps files and --table: with "comma", 1,034 is 1.034 and '
        '1.034 is 1034 (default: detected from the numbers; refused if they '
        'do not show it)',
        choices=tuple(DECIMAL_MARKS),
    )
    photograph_from: str | None = option(
        None,
        'id: where IMAGE= of a tps file is absent, ID= names the photograph',
        choices=('id',),
    )
    image_root: tuple[str, ...] = option(
        (),
        'what POINTS and the table call the folder IMAGES, such as '
        'C:/study/photos; needed if they name folders that are not below it',
        metavar='FOLDER',
    )
    scale_points: tuple[str, ...] = option(
        (), 'the ends of a ruler or sticker', nargs=2, metavar=('A', 'B')
    )
    scale_length_mm: float | None = option(None, 'its length', metavar='MM')
    scale_unit: str | None = option(
        None,
        'unit of SCALE= in tps files, which is not used without it',
        choices=tuple(UNITS),
    )
    duplicates: str = option(
        'first',
        'which of several records of a photograph is used (default: first)',
        choices=('first', 'last'),
    )
    table: str | None = option(
        None,
        'columns image, subject, site, mm_per_px, age, sex',
        metavar='FILE.csv',
    )
    keep_columns: tuple[str, ...] = option(
        (), 'more columns of the table to keep', metavar='TITLE'
    )
    site: str | None = option(None, 'site of all photographs', metavar='NAME')
    site_from: str | None = option(
        None, 'the folders in IMAGES are sites', choices=('folder',)
    )
    subject_from: str | None = option(
        None,
        'folder: each folder in IMAGES is a subject; for folders in folders, '
        'the outer one (first-folder) or the inner one (last-folder)',
        choices=('folder', 'first-folder', 'last-folder'),
    )
    subject_pattern: str | None = option(
        None,
        'regular expression on file names; the part in brackets is the '
        'subject',
        metavar='REGEX',
    )
    subject_codes: bool = option(
        False, 'write s0001, s0002 ... instead of the subjects'
    )
    mapping: str | None = option(
        None,
        'write which picture shows whom to this file; keep it private',
        metavar='FILE.csv',
    )
    names_in_report: bool = option(
        False, 'name files in DIR/report.csv (default: only record numbers)'
    )

    def __post_init__(self) -> None:
        check_choices(self)
        # 0, as on the command line, and None mean the same.
        object.__setattr__(self, 'size', self.size or None)
        units = f'{", ".join(COORDINATE_UNITS)}, or the pixels in one unit'
        for name, fits, expected in (
            ('margin', lambda v: 0 <= v <= 10, 'a share from 0 to 10'),
            ('size', lambda v: 16 <= v <= 16384, '16 to 16384'),
            ('quality', lambda v: 1 <= v <= 100, '1 to 100'),
            ('unit', _is_unit, units),
            ('scale_length_mm', _is_size, 'millimetres above 0'),
        ):
            value = getattr(self, name)
            if value is not None and not fits(value):
                where = f'{flag(name)} {value}'
                raise InputError(
                    where=where, found='out of range', expected=expected
                )
        ends, has_length = self.scale_points, self.scale_length_mm is not None
        one_of = 'both', 'one of them'
        for wrong, where, found, expected in (
            (
                bool(ends) != has_length,
                '--scale-points, --scale-length-mm',
                'only one of them',
                'both: the ends of a ruler and its length',
            ),
            (
                ends and not len(ends) == len({*ends}) == 2,
                '--scale-points',
                ' '.join(ends),
                'the names of two points',
            ),
            (
                self.subject_from and self.subject_pattern,
                '--subject-from, --subject-pattern',
                *one_of,
            ),
            (self.site_from and self.site, '--site-from, --site', *one_of),
        ):
            if wrong:
                raise InputError(where=where, found=found, expected=expected)

        self._check_pattern()

    def _check_pattern(self) -> None:
        text, found = self.subject_pattern, ''
        try:
            if text is None or re.compile(text).groups:
                return
            found = 'nothing in brackets'
        except re.error as error:
            found = f'not a regular expression ({error})'
        raise InputError(
            where=f'--subject-pattern {text!r}',
            found=found,
            expected='the subject in brackets, such as '
            "'^([A-Z]+[0-9]+)_'; (?P<site>...) may mark the site",
        )

    @property
    def reading(self) -> ReadOptions:
        """What is stated about the files of points."""
        decimal = DECIMAL_MARKS.get(self.decimal_mark)
        return ReadOptions(decimal, self.photograph_from)

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
        """All that changes pictures and points; it names nobody."""
        kept = {k: v for k, v in asdict(self).items() if k not in _PRIVATE}
        return kept | {'margin': self.used_margin}


def _is_size(value: float) -> bool:
    return 0 < value < math.inf


def _is_unit(text: str) -> bool:
    if text in COORDINATE_UNITS:
        return True
    try:
        return _is_size(float(text))
    except ValueError:
        return False
