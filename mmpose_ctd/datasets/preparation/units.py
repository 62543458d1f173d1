"""What coordinates are measured in, and a guard against the wrong unit.

Points that are shares, per cent, millimetres or pixels of another version of
the photographs look like pixels to a reader. All of them together do not look
like faces: they lie within a few pixels, in one corner of every photograph,
or beyond the photographs. Such a set is refused until the unit is stated.
"""

from dataclasses import dataclass

import numpy as np

from mmpose_ctd.errors import InputError

from ..annotation_formats import PointRecord, Refused
from ..face_detection import detect_face
from ..upright_image import PhotographSize, photograph_size, read_upright
from .image_index import ImageIndex
from .job import Job
from .options import PrepareOptions
from .report import Report
from .upright_points import clicked_size, to_upright

__all__ = ['check_units', 'elsewhere', 'in_pixels']

# Landmarks that span no more than this, in pixels and as a share of the
# photograph's longer side, are hardly a face.
_TINY_PX, _TINY = 16.0, 0.04
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
    'Say what they are: --unit share (0 to 1), percent, permille, scaled '
    '(multiplied by SCALE= of tps files) or a number, the pixels in one unit; '
    '--unit px if they are pixels.'
)


def in_pixels(
    points: np.ndarray,
    unit: str | None,
    size: tuple[int, int],
    scale: float | None,
) -> np.ndarray:
    """Coordinates in pixels; axes and origin stay the format's.

    Args:
        points (np.ndarray): (N, 2), as the file has them.
        unit (str, optional): Of ``--unit``; None for pixels.
        size (tuple[int, int]): Width and height of the photograph as it was
            clicked.
        scale (float, optional): What a pixel of the record measures.

    Returns:
        np.ndarray: (N, 2), pixels.

    Raises:
        Refused: If the record has no scale to divide by.
    """
    if unit in (None, 'px'):
        return points
    if unit == 'scaled':
        if scale is None:
            raise Refused('has no SCALE=, by which --unit scaled divides')
        return points / scale
    whole = dict(share=1, percent=100, permille=1000).get(unit)
    if whole is None:
        return points * float(unit)
    return points * np.array(size) / whole


@dataclass
class _Extent:
    """Where the landmarks of a job lie, in pixels, by the format's axes."""

    job: Job
    size: tuple[int, int]
    turned: bool
    raw: np.ndarray
    points: np.ndarray

    @property
    def span(self) -> float:
        return float(np.ptp(self.points, axis=0).max())

    @property
    def reach(self) -> np.ndarray:
        """The largest coordinates, as shares of width and height."""
        return self.points.max(axis=0) / self.size

    @property
    def tiny(self) -> bool:
        if np.abs(self.points).max() <= _SHARE:
            return True
        return len(self.points) > 1 and self.span <= min(
            _TINY_PX, _TINY * max(self.size)
        )

    @property
    def in_corner(self) -> bool:
        return bool((self.reach <= _CORNER).all())

    @property
    def outside(self) -> bool:
        return bool(
            (self.points < -_EDGE).any()
            or (self.points > np.array(self.size) + _EDGE).any()
        )


def check_units(
    jobs: list[Job],
    index: ImageIndex,
    first_pixel: float,
    y_up: bool,
    options: PrepareOptions,
    report: Report,
) -> list[Job]:
    """Refuse coordinates that are hardly pixels, unless they are stated to be.

    Landmarks in a corner, or close together, are accepted where a face is
    found at that place.

    Args:
        jobs (list[Job]): All that is to be done.
        index (ImageIndex): The photographs, whose headers are read.
        first_pixel (float): See :func:`.to_upright`.
        y_up (bool): See :func:`.to_upright`.
        options (PrepareOptions): With the unit, if it is stated.
        report (Report): Where single records are left out.

    Returns:
        list[Job]: Those whose unit is not in doubt.

    Raises:
        InputError: If it is in doubt for the whole set.
    """
    if options.unit == 'px':
        return jobs
    extents = [e for job in jobs if (e := _extent(job, index, options))]

    def shows_face(extent: _Extent) -> bool:
        frame = first_pixel, y_up
        return _shows_face(extent, index.full(extent.job.path), *frame)

    tiny = [e for e in extents if e.tiny and not shows_face(e)]
    if tiny and len(tiny) == len(extents):
        raise _in_doubt(
            tiny, f'all landmarks of a face lie within {_largest(tiny)} pixels'
        )
    _refuse_beyond(extents)
    sized = [e for e in extents if e not in tiny]
    _refuse_corner(sized, shows_face)
    _refuse_scaled(sized, index, y_up)
    tiny += _smaller(sized, shows_face)
    for extent in tiny:
        report.leave_out(
            extent.job.number,
            'unit',
            f'its landmarks span {extent.span:.3g} pixels of '
            f'{extent.size[0]}x{extent.size[1]}, unlike the others: other '
            'units than theirs? Prepare those of each unit by themselves, '
            'with --unit',
        )
    doubtful = {extent.job.number for extent in tiny}
    return [job for job in jobs if job.number not in doubtful]


def elsewhere(report: Report, options: PrepareOptions) -> InputError | None:
    """Whether the points of a set miss most of the faces that were found.

    Args:
        report (Report): With the notes on all pictures.
        options (PrepareOptions): With the unit, if it is stated.

    Returns:
        InputError | None: What to raise, if the points are hardly pixels.
    """
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
        cure='Are y axis (--y-axis), frame (--frame) and landmarks right, and '
        f'the photographs the labelled ones? {_CURE}',
    )


def _extent(
    job: Job, index: ImageIndex, options: PrepareOptions
) -> _Extent | None:
    """None where something else is wrong, which is found later."""
    try:
        photograph = photograph_size(index.full(job.path))
        is_stored, size = clicked_size(
            photograph, options.frame, job.record.size
        )
        raw = job.points[job.visible > 0]
        points = in_pixels(raw, options.unit, size, job.record.scale)
    except InputError:
        return None
    turned = photograph.orientation >= 5
    return _Extent(job, size, turned, raw, points)


def _refuse_beyond(extents: list[_Extent]) -> None:
    """Single records beyond their photographs are left out later."""
    beyond = [e for e in extents if e.outside]
    share = len(beyond) / max(1, len(extents))
    if not (share >= 0.5 or (len(beyond) > 1 and share >= 0.25)):
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


def _refuse_corner(extents: list[_Extent], shows_face) -> None:
    if not extents or not all(e.in_corner for e in extents):
        return
    some = extents[:: -(-len(extents) // _SEARCHED)]
    if sum(map(shows_face, some)) * 2 > len(some):
        return
    reach = np.max([e.reach for e in extents], axis=0)
    raise _in_doubt(
        extents,
        'the landmarks of all faces lie in one corner of the photographs, '
        f'within {reach[0]:.0%} of their width and {reach[1]:.0%} of their '
        'height',
    )


def _refuse_scaled(
    extents: list[_Extent], index: ImageIndex, y_up: bool
) -> None:
    """Refuse points that would fit the detected faces in another size.

    The factor is that between the distances of face and landmarks from the
    origin. In photographs of two public sets it is 0.8 to 1.05 for landmarks
    of the whole face, 1.05 to 1.5 for those of the right eye alone.
    """
    some = [e for e in extents if not e.turned]
    some = some[:: -(-len(some) // _SEARCHED)] if some else []
    factors, whole = [], []
    for extent in some:
        try:
            face = detect_face(read_upright(index.full(extent.job.path)))
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
    """Those in a corner that are much smaller than the others."""
    others = [e.span / max(e.size) for e in extents if not e.in_corner]
    if not others:
        return []
    limit = float(np.median(others)) / _SMALLER
    return [
        e
        for e in extents
        if e.in_corner and e.span / max(e.size) < limit and not shows_face(e)
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


def _largest(extents: list[_Extent]) -> str:
    return f'{max(max(e.span for e in extents), 1):.3g}'


def _in_doubt(
    extents: list[_Extent], found: str, more: str = ''
) -> InputError:
    first = extents[0]
    x, y = first.raw[0]
    found += f', such as ({x:g}, {y:g}) in one of {first.size[0]}x'
    found += f'{first.size[1]} pixels'
    guess = _likely([e.raw for e in extents], [e.job.record for e in extents])
    return InputError(
        where='POINTS',
        found=found,
        expected='pixels of the photographs',
        cure=f'{more}{guess}{_CURE}',
    )


def _likely(raw: list[np.ndarray], records: list[PointRecord]) -> str:
    values = np.concatenate(raw)
    if values.min() < 0 and np.abs(values).max() <= _SHARE:
        return (
            'They look like aligned shapes around 0, whose place in the '
            'photographs is lost; export the points as they were clicked. '
        )
    if values.min() >= 0:
        if all(record.scale is not None for record in records):
            return 'They may be scaled: --unit scaled. '
        for unit, whole in (('share', 1), ('percent', 100), ('permille', 1e3)):
            if 0.3 * whole <= values.max() <= 1.05 * whole:
                return f'They may be in --unit {unit}. '
    return ''
