"""Guards against coordinates in a wrong unit.

Shares, per cent, millimetres or pixels of another version of the photographs
look like pixels to a reader. All of them together do not look like faces.
Such a set is refused until the user states the unit.
"""

from dataclasses import dataclass

import numpy as np

from mmpose_ctd.errors import InputError

from ..face_detection import detect_face
from ..face_fit import fit_to_faces
from ..upright_image import PhotographSize, photograph_size, read_upright
from .image_index import ImageIndex
from .options import PrepareOptions
from .picture import clicked_size, in_pixels, to_upright
from .records import LabelledPhotograph
from .report import LeftOut, PrepareReport

# Coordinates of shares, with some room for a click at the edge.
_SHARE = 1.5
# All faces within this share of width and height, from the origin.
_CORNER = 0.4
# Distances from the origin, of faces that are found and of landmarks, that
# differ by more than this factor are of different units.
_LARGER = 1.5
# The same for landmarks that span most of the face.
_LARGER_WHOLE = 1.2
# A record whose landmarks span this much less than the others', in the corner.
_SMALLER = 2.5
# Points this far beyond the edge, in pixels, are outside.
_EDGE = 1.5
# Photographs that are searched for a face, to tell a small one from a unit.
_SEARCHED = 5
# Pixels that are searched around the landmarks, at least.
_AROUND = 80

_CURE = (
    'State the unit: --unit share (0 to 1), percent, permille, scaled '
    '(multiplied by SCALE= of tps files) or a number, the pixels in one unit; '
    '--unit px if they are pixels.'
)


@dataclass(eq=False)
class _Extent:
    """Where a record's landmarks lie, in pixels, by the format's axes."""

    photo: LabelledPhotograph
    size: tuple[int, int]
    turned: bool
    raw: np.ndarray
    points: np.ndarray

    def __post_init__(self) -> None:
        points, size = self.points, np.array(self.size)
        self.span = float(np.ptp(points, axis=0).max())
        # The largest coordinates, as shares of width and height.
        self.reach = points.max(axis=0) / size
        self.in_corner = bool((self.reach <= _CORNER).all())
        self.outside = bool(
            ((points < -_EDGE) | (points > size + _EDGE)).any()
        )


def check_units(
    photos: list[LabelledPhotograph],
    index: ImageIndex,
    frame: tuple[float, bool],
    options: PrepareOptions,
    report: PrepareReport,
) -> list[LabelledPhotograph]:
    """Leave out coordinates that are hardly pixels, unless stated to be.

    Whatever the unit, the origin stays: coordinates in a larger one lie in
    its corner. Landmarks there are accepted where a face is found. ``frame``
    is that of :meth:`.PrepareOptions.frame_of`.

    Raises:
        InputError: If the unit is in doubt for the whole set.
    """
    if options.unit == 'px':
        return photos
    extents = [e for p in photos if (e := _extent(p, index, options))]

    def shows_face(extent: _Extent) -> bool:
        return _shows_face(extent, index.full(extent.photo.path), *frame)

    _refuse_beyond(extents)
    _refuse_corner(extents, shows_face)
    _refuse_scaled(extents, index, y_up=frame[1])
    doubtful = _smaller(extents, shows_face)
    for extent in doubtful:
        reason = (
            f'its landmarks span {extent.span:.3g} pixels of '
            f'{extent.size[0]}x{extent.size[1]}, unlike the others: another '
            'unit? Prepare the records of each unit separately, with --unit'
        )
        report.leave_out(extent.photo.number, LeftOut('unit', reason))
    left_out = {extent.photo.number for extent in doubtful}
    return [photo for photo in photos if photo.number not in left_out]


def away_from_faces(
    report: PrepareReport, options: PrepareOptions
) -> InputError | None:
    """The error to raise if the points miss most of the detected faces."""
    found = [dict(row.notes) for row in report.used]
    found = [notes for notes in found if 'no face' not in notes]
    missed = sum('face elsewhere' in notes for notes in found)
    if options.unit == 'px' or missed < 2 or missed <= len(found) / 2:
        return None
    return InputError(
        where='POINTS',
        found=f'in {missed} of {len(found)} photographs with a face the '
        'points lie elsewhere',
        expected='pixels of the photographs',
        cure='Check the y axis (--y-axis), the frame (--frame), the landmarks '
        f'and that these are the labelled photographs. {_CURE}',
    )


def misfits(results: list[dict], options: PrepareOptions) -> dict[int, str]:
    """Find records that do not fit their faces as the others do.

    Their points were clicked in another version of the photograph. Returns
    their places in ``results`` with the reason; none with ``unit='px'``.
    """
    if options.unit == 'px':
        return {}
    points = []
    for result in results:
        x, y, visible = np.array(result['keypoints']).T
        points.append(
            np.where(visible[:, None] > 0, np.column_stack([x, y]), np.nan)
        )
    fits = fit_to_faces(points, [result['faces'] for result in results])
    return {
        i: f'{fit.text}: clicked in another version of the photograph? Put '
        'that version into IMAGES, or prepare the records of each size '
        'separately, with --unit; --unit px if the points are right'
        for i, fit in enumerate(fits)
        if fit is not None and fit.wrong
    }


def _extent(
    photo: LabelledPhotograph, index: ImageIndex, options: PrepareOptions
) -> _Extent | None:
    """None if something else is wrong, which is found later."""
    try:
        photograph = photograph_size(index.full(photo.path))
        _, size = clicked_size(photograph, options.frame, photo.record.size)
        raw = photo.points[photo.visible > 0]
        points = in_pixels(raw, options.unit, size, photo.record.scale)
    except InputError:
        return None
    turned = photograph.orientation >= 5
    return _Extent(photo, size, turned, raw, points)


def _refuse_beyond(extents: list[_Extent]) -> None:
    """Single records beyond their photographs are left out later."""
    beyond = [e for e in extents if e.outside]
    share = len(beyond) / max(1, len(extents))
    if share < 0.25 or (share < 0.5 and len(beyond) == 1):
        return
    factor = max(float(e.reach.max()) for e in beyond)
    found = (
        f'landmarks lie outside {len(beyond)} of {len(extents)} photographs'
    )
    if factor > 1:
        found += f', at up to {factor:.3g} times their width or height'
    more = 'Were other versions of the photographs labelled? '
    if any(e.turned for e in beyond):
        more += 'EXIF turns some of them: --frame may be at fault. '
    raise _in_doubt(beyond, found, more)


def _some(extents: list[_Extent]) -> list[_Extent]:
    """A few, evenly chosen, that are searched for a face."""
    return extents[:: max(1, -(-len(extents) // _SEARCHED))]


def _refuse_corner(extents: list[_Extent], shows_face) -> None:
    if not extents or not all(e.in_corner for e in extents):
        return
    some = _some(extents)
    if sum(map(shows_face, some)) * 2 > len(some):
        return
    reach = np.max([e.reach for e in extents], axis=0)
    found = 'the landmarks of all faces lie in one corner of the photographs, '
    found += f'within {reach[0]:.0%} of their width and {reach[1]:.0%} of '
    raise _in_doubt(extents, f'{found}their height')


def _refuse_scaled(
    extents: list[_Extent], index: ImageIndex, y_up: bool
) -> None:
    """Refuse points that would fit the detected faces in another size.

    The factor is that between the distances of face and landmarks from the
    origin. In photographs of two public sets it is 0.8 to 1.05 for landmarks
    of the whole face, 1.05 to 1.5 for those of the right eye alone.
    """
    some = _some([e for e in extents if not e.turned])
    factors, whole = [], []
    for extent in some:
        try:
            face = detect_face(read_upright(index.full(extent.photo.path)))
        except InputError:
            continue
        if face is None:
            continue
        centre = np.array([face[0] + face[2] / 2, face[1] + face[3] / 2])
        if y_up:
            centre[1] = extent.size[1] - centre[1]
        low, high = extent.points.min(axis=0), extent.points.max(axis=0)
        whole.append(((high - low) > 0.5 * np.array(face[2:])).all())
        middle = np.maximum((low + high) / 2, 1)
        factors.append(float(centre @ middle / (middle @ middle)))
    if len(factors) < 2:
        return
    factor = float(np.median(factors))
    larger = _LARGER_WHOLE if all(whole) else _LARGER
    beyond = [f > larger if factor > 1 else f < 1 / _LARGER for f in factors]
    if np.mean(beyond) > 0.5:
        raise _in_doubt(
            extents,
            f'the landmarks would fit the faces that are found in {len(some)} '
            f'photographs if they were about {factor:.2g} times as far from '
            'the origin',
        )


def _smaller(extents: list[_Extent], shows_face) -> list[_Extent]:
    """Those in a corner that are of shares, or smaller than the others."""
    others = [e for e in extents if not e.in_corner] or extents
    spans = [e.span / max(e.size) for e in others]
    limit = float(np.median(spans)) / _SMALLER if spans else 0

    def is_small(extent: _Extent) -> bool:
        # A single landmark has no span.
        near = np.abs(extent.points).max() <= _SHARE
        return near or extent.span / max(extent.size) < limit

    return [
        e for e in extents if e.in_corner and is_small(e) and not shows_face(e)
    ]


def _shows_face(
    extent: _Extent, path: str, first_pixel: float, y_up: bool
) -> bool:
    """Whether a face is found where the landmarks lie as pixels."""
    if extent.span <= _SHARE:
        return False
    try:
        image = read_upright(path)
    except InputError:
        return False
    size = image.shape[1::-1]
    # In the upright frame alone: where it lies on its side none is found.
    points = to_upright(
        extent.points, PhotographSize(size), False, first_pixel, y_up
    )
    margin = max(4 * extent.span, _AROUND)
    low = np.clip(points.min(axis=0) - margin, 0, size).astype(int)
    high = np.clip(points.max(axis=0) + margin, 0, size).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    face = detect_face(np.ascontiguousarray(part)) if part.size else None
    if face is None:
        return False
    corner = low + face[:2]
    inside = (points >= corner) & (points <= corner + face[2:])
    return bool(inside.all(axis=1).mean() > 0.5)


def _in_doubt(
    extents: list[_Extent], found: str, more: str = ''
) -> InputError:
    (x, y), (width, height) = extents[0].raw[0], extents[0].size
    return InputError(
        where='POINTS',
        found=f'{found}, such as ({x:g}, {y:g}) in one of {width}x{height} '
        'pixels',
        expected='pixels of the photographs',
        cure=f'{more}{_likely(extents)}{_CURE}',
    )


def _likely(extents: list[_Extent]) -> str:
    """The unit that the values look like."""
    values = np.concatenate([extent.raw for extent in extents])
    if values.min() < 0 and np.abs(values).max() <= _SHARE:
        return (
            'They look like aligned shapes around 0, whose place in the '
            'photographs is lost; export the points as they were clicked. '
        )
    if values.min() >= 0:
        if all(extent.photo.record.scale is not None for extent in extents):
            return 'They may be scaled: --unit scaled. '
        for unit, whole in (('share', 1), ('percent', 100), ('permille', 1e3)):
            if 0.3 * whole <= values.max() <= 1.05 * whole:
                return f'They may be in --unit {unit}. '
    return ''
