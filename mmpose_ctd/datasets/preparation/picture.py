"""Makes one picture of a set: reads, cuts out, resizes a photograph."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from mmpose_ctd.errors import InputError

from ..annotation_formats import AnnotationFormat, Refused
from ..face_detection import detect_faces
from ..image_crop import ImageCrop
from ..upright_image import Photograph, read_photograph
from .options import MARGINS, UNITS, PrepareOptions
from .records import LabelledPhotograph
from .report import LeftOut, face_notes, refused_as, scale_notes

# A click at the very edge may lie this far outside, in pixels.
_EDGE = 1.0


def make_picture(
    path: str,
    photo: LabelledPhotograph,
    names: tuple[str, ...],
    known: AnnotationFormat,
    options: PrepareOptions,
) -> tuple[bytes, dict]:
    """Make the picture of one photograph with K named landmarks.

    Returns:
        tuple[bytes, dict]: The encoded picture, and of it ``image`` (its
        record, without id and file name), ``keypoints`` (K times x, y in its
        pixels, visibility), ``notes`` (code and text of what to look at) and
        ``faces`` (x, y, width, height of the detected faces in its pixels,
        the largest first).

    Raises:
        LeftOut: If it cannot be used.
    """
    try:
        photograph = read_photograph(path)
    except InputError as error:
        reason = error.text(with_where=False)
        raise LeftOut('image broken', reason) from error
    record = photo.record
    with refused_as('size differs'):
        is_stored, size = clicked_size(photograph, options.frame, record.size)

    def upright(points: np.ndarray) -> np.ndarray:
        points = in_pixels(points, options.unit, size, record.scale)
        frame = options.frame_of(known)
        return to_upright(points, photograph, is_stored, *frame)

    with refused_as('unit'):
        points = upright(photo.points)
    labelled = photo.visible > 0
    _check_inside(points, labelled, names, photograph, is_stored)
    notes: list[tuple[str, str]] = []
    is_known = record.size and photograph.size != photograph.stored_size
    if photograph.orientation > 1 and options.frame == 'auto' and not is_known:
        text = 'is turned by EXIF; the points are taken as clicked in the '
        notes.append(('turned', f'{text}upright photograph (see --frame)'))
    faces = detect_faces(photograph.image)
    crop = _crop(photograph, points[labelled], faces, options, notes)
    width, height, wanted = crop.out_width, crop.out_height, options.size
    if wanted is not None and max(width, height) < wanted:
        text = f'is cut out with {width}x{height} pixels, below --size '
        text += f'{wanted}; not enlarged (--enlarge would)'
        notes.append(('small', text))
    right = crop.x + crop.width - photograph.size[0]
    down = crop.y + crop.height - photograph.size[1]
    beyond = max(-crop.x, -crop.y, right, down)
    if beyond > 0:
        text = f'is cut out up to {beyond} pixels beyond the edge of the '
        text += 'photograph, where the edge is repeated: the landmarks would '
        notes.append(('beyond the edge', f'{text}not fit otherwise'))
    notes += face_notes(points, labelled, names)
    image = {
        'width': width,
        'height': height,
        **{k: v for k, v in photo.fields.items() if k != 'mm_per_px'},
        'source_crop': [crop.x, crop.y, crop.width, crop.height],
        'source_size': list(photograph.size),
    }
    ruler = None if photo.ruler is None else upright(photo.ruler)
    scale = _mm_per_px(photo, ruler, options, notes)
    if scale is not None:
        notes += scale_notes(scale, points, labelled, names)
        image['mm_per_px'] = scale / math.sqrt(crop.scale.prod())
    moved = np.where(labelled[:, None], crop.forward(points), 0)
    # Bare pixels: no EXIF, no profile, no preview.
    is_jpg = options.image_format == 'jpg'
    data = cv2.imencode(
        f'.{options.image_format}',
        crop.pixels(photograph.image),
        [cv2.IMWRITE_JPEG_QUALITY, options.quality] if is_jpg else [],
    )[1].tobytes()
    return data, {
        'image': image,
        'keypoints': np.column_stack([moved.round(6), photo.visible]).tolist(),
        'notes': notes,
        'faces': [_moved_box(face, crop) for face in faces],
    }


def frame_box(
    box: tuple[float, float, float, float],
    points: np.ndarray,
    margin: float,
    image_size: tuple[int, int],
    size: int | None,
    enlarge: bool = False,
) -> ImageCrop:
    """Frame a box with a square, with margin, that holds all points.

    The square is moved into the image and, if it is too large, made smaller.
    It reaches beyond the image only if the points do not fit otherwise. The
    box counts from the image's corner, the points (N, 2) from the centre of
    its first pixel; the margin is in longer sides of the box. ``size`` is the
    side of the result in pixels; None keeps the crop's own.
    """
    x, y, width, height = box
    side = max(width, height) * (1 + 2 * margin)
    centre = np.array([x + width / 2, y + height / 2])
    # Repeated borders teach nothing; cut closer, if the landmarks allow.
    side = min(side, *image_size)
    low, high = centre - side / 2, centre + side / 2
    # Pixels have their centres at halves here. A point at the very edge
    # would be lost by a rotation.
    room = max(1.0, 0.03 * side)
    low = np.minimum(low, points.min(axis=0) + 0.5 - room)
    high = np.maximum(high, points.max(axis=0) + 0.5 + room)
    side = max(1, math.ceil((high - low).max()))
    start = np.round((low + high - side) / 2).astype(int)
    start = [
        int(np.clip(a, 0, length - side)) if side <= length else int(a)
        for a, length in zip(start, image_size)
    ]
    return ImageCrop(*start, side, side, *[_out(side, size, enlarge)] * 2)


def frame_image(
    image_size: tuple[int, int], size: int | None, enlarge: bool = False
) -> ImageCrop:
    """Frame the whole image; its longer side becomes ``size``."""
    longer = max(image_size)
    scale = _out(longer, size, enlarge) / longer
    out = (max(1, round(length * scale)) for length in image_size)
    return ImageCrop(0, 0, *image_size, *out)


def _out(side: int, size: int | None, enlarge: bool) -> int:
    if size is None or (side < size and not enlarge):
        return side
    return size


def _moved_box(face: Sequence[float], crop: ImageCrop) -> list[float]:
    corners = np.array([face[:2], np.add(face[:2], face[2:])])
    low, high = crop.forward(corners)
    return [*low.tolist(), *(high - low).tolist()]


def _check_inside(
    points: np.ndarray,
    labelled: np.ndarray,
    names: tuple[str, ...],
    photograph: Photograph,
    is_stored: bool,
) -> None:
    width, height = photograph.size
    low, high = -_EDGE, np.array([width, height]) - 1 + _EDGE
    outside = labelled & ~((points >= low) & (points <= high)).all(axis=1)
    if not outside.any():
        return
    i = int(outside.argmax())
    x, y = points[i]
    text = (
        f'landmark {names[i]} at ({x:.1f}, {y:.1f}) from the top left lies '
        f'outside the {width}x{height} photograph'
    )
    if outside.sum() > 1:
        text += f', as do {outside.sum() - 1} more'
    if photograph.orientation > 1:
        other = 'upright' if is_stored else 'stored'
        text += (
            f'; it is turned by EXIF: were they clicked in another frame '
            f'(--frame {other})?'
        )
    raise LeftOut('outside', text)


def _crop(
    photograph: Photograph,
    points: np.ndarray,
    faces: Sequence[tuple[float, float, float, float]],
    options: PrepareOptions,
    notes: list[tuple[str, str]],
) -> ImageCrop:
    if options.crop == 'none':
        return frame_image(photograph.size, options.size, options.enlarge)
    low, high = points.min(axis=0) + 0.5, points.max(axis=0) + 0.5
    box, margin = (*low, *(high - low)), options.used_margin
    if options.crop == 'face':
        face = next(iter(faces), None)
        if face is not None and _agree(face, points):
            box = face
        else:
            # A margin of the face's would cut close around few landmarks.
            margin = max(margin, MARGINS['landmarks'])
            code, text = 'no face', 'no face is found'
            if face is not None:
                code = 'face elsewhere'
                text = 'the points lie outside the face that is found'
                mirrored = points * (1, -1) + (0, photograph.size[1] - 1)
                if _agree(face, mirrored):
                    text += ', but would fit it upside down (--y-axis)'
            notes.append((code, f'{text}; cut around the landmarks'))
    return frame_box(
        box, points, margin, photograph.size, options.size, options.enlarge
    )


def _agree(
    face: tuple[float, float, float, float], points: np.ndarray
) -> bool:
    """Whether most landmarks lie in the box of a face, or just around it."""
    x, y, w, h = face
    slack = 0.15 * max(w, h)
    inside = (points > (x - slack, y - slack)) & (
        points < (x + w + slack, y + h + slack)
    )
    return bool(inside.all(axis=1).mean() > 0.5)


def _mm_per_px(
    photo: LabelledPhotograph,
    ruler: np.ndarray | None,
    options: PrepareOptions,
    notes: list[tuple[str, str]],
) -> float | None:
    """Size of a pixel of the photograph, in mm, if it is known."""
    scale = photo.fields.get('mm_per_px')
    if scale is not None:
        if not 0 < scale < math.inf:
            raise LeftOut(
                'scale', f'mm_per_px={scale}; expected a number above 0'
            )
        return float(scale)
    if options.scale_points:
        if ruler is not None:
            length = float(np.linalg.norm(ruler[0] - ruler[1]))
            if length > 1:
                return options.scale_length_mm / length
        notes.append(('no scale', 'the ends of the ruler are not both there'))
        return None
    if photo.record.scale is not None and options.scale_unit is not None:
        return photo.record.scale * UNITS[options.scale_unit]
    return None


def in_pixels(
    points: np.ndarray,
    unit: str | None,
    size: tuple[int, int],
    scale: float | None,
) -> np.ndarray:
    """Coordinates (N, 2) in pixels; axes and origin stay the format's.

    ``size`` is the photograph's as it was clicked; ``scale`` is the length of
    a pixel in the record. Refused if there is no scale to divide by.
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


def clicked_size(
    photograph: Photograph, frame: str, size: tuple[int, int] | None
) -> tuple[bool, tuple[int, int]]:
    """Find the frame in which points were clicked: upright or stored.

    ``'auto'`` takes the one that fits the ``size`` in the record; upright if
    it fits both or is unknown.

    Returns:
        tuple[bool, tuple[int, int]]: Whether it is the stored frame; its
        width and height.

    Raises:
        Refused: If the record's size fits no frame of the photograph.
    """
    upright, stored = photograph.size, photograph.stored_size
    if size is not None and size not in (upright, stored):
        raise Refused(
            found=f'was labelled at {size[0]}x{size[1]} pixels, the '
            f'photograph has {upright[0]}x{upright[1]}: another version of it',
            cure='Put the one that was labelled into IMAGES.',
        )
    if frame == 'auto':
        frame = 'stored' if size not in (None, upright) else 'upright'
    expected = stored if frame == 'stored' else upright
    if size not in (None, expected):
        raise Refused(
            f'was labelled at {size[0]}x{size[1]} pixels, but --frame {frame} '
            f'means {expected[0]}x{expected[1]}',
            cure='Leave --frame out.',
        )
    return frame == 'stored', expected


def to_upright(
    points: np.ndarray,
    photograph: Photograph,
    is_stored: bool,
    first_pixel: float,
    y_up: bool,
) -> np.ndarray:
    """Bring points (N, 2) from a format's axes into the upright image.

    ``first_pixel`` is the coordinate of the centre of the corner pixel; with
    ``y_up``, y counts from the lower edge. The result has the centre of the
    top left pixel at (0, 0).
    """
    size = photograph.stored_size if is_stored else photograph.size
    x, y = (points - first_pixel).T
    if y_up:
        y = size[1] - 1 - y
    if is_stored:
        u, v = size[0] - 1 - x, size[1] - 1 - y
        # Where row 0 and column 0 of the stored pixels lie: Exif 2.32, tag
        # 0x0112.
        x, y = {
            1: (x, y),
            2: (u, y),
            3: (u, v),
            4: (x, v),
            5: (y, x),
            6: (v, x),
            7: (v, u),
            8: (y, u),
        }[photograph.orientation]
    return np.stack([x, y], axis=1)
