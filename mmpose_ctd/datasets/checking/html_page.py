"""The findings as one web page, with pictures of suspect faces."""

import base64
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files

import cv2
import jinja2
import numpy as np
from PIL import Image, ImageDraw

from mmpose_ctd.visualization._canvas import (
    INK,
    PAPER,
    PREDICTION,
    RIM,
    TRUTH,
    cut_out,
    enlarge,
    enlarged,
    face_window,
    font_of,
)

from ..upright_image import read_upright
from .registry import CHECKS, CheckFinding, Severity
from .report import CheckReport

# Pictures of one finding, and of the page: some 25 KB each.
_PICTURES, _ALL_PICTURES = 4, 300
_QUALITY = 85
_SUSPECT = (60, 60, 235)
# Side of a picture, and longer side of a photograph without points.
_SIDE, _THUMBNAIL = 480, 320
_MARGIN = 0.25
# With more suspects than this all names are small, and only where there is
# room.
_LOUD = 6


def html_page(report: CheckReport, show_ids: bool = False) -> str:
    """Write a page that needs no other file and loads nothing.

    It shows faces, so it is as confidential as the photographs. With
    ``show_ids`` it also names subjects and files; else images are named by
    their record's id.
    """
    left = _ALL_PICTURES
    findings = []
    for finding in report.findings:
        pictures = []
        # Pictures of a few of very many images would say nothing.
        if left > 0 and (finding.landmarks or len(finding.photos) <= 2):
            pictures = _pictures(report, finding, show_ids)
            left -= len(pictures)
        findings.append(
            dict(
                severity=str(finding.severity),
                check=finding.check,
                message=finding.message,
                images=report.image_names(finding, show_ids, limit=40),
                names=finding.names if show_ids else (),
                pictures=pictures,
            )
        )
    counts = Counter((f.check, f.severity) for f in report.findings)
    rows = [
        dict(
            name=name,
            title=CHECKS[name].title,
            counts={str(s): counts[name, s] for s in reversed(Severity)},
        )
        for name in report.ran
    ]
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    template = files(__package__).joinpath('page.html.jinja')
    return environment.from_string(template.read_text('utf-8')).render(
        summary=report.summary(),
        rows=rows,
        findings=findings,
        without=left <= 0,
    )


def _pictures(
    report: CheckReport, finding: CheckFinding, show_ids: bool
) -> list[dict]:
    """Pictures of a finding's images, then of the mean shape."""
    survey = report.survey
    names, marks = survey.names, finding.landmarks
    found = []
    for place in finding.photos[:_PICTURES]:
        photo = survey.photos[place]
        if survey.files[place].preview is None:
            continue
        image = read_upright(photo.path)
        factor = _THUMBNAIL / max(image.shape[:2])
        if photo.labelled and marks:
            image = draw_suspect(
                image, photo.points, names, marks, finding.expected
            )
        elif factor < 1:
            image = cv2.resize(
                image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA
            )
        found.append(_picture(image, f'image {photo.shown(show_ids)}'))
    if found and marks and survey.shapes is not None:
        mean = draw_mean_shape(survey.shapes.model.mean, names, marks)
        found.append(_picture(mean, 'mean shape of the set'))
    return found


def _picture(image: np.ndarray, caption: str) -> dict:
    quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    _, data = cv2.imencode('.jpg', np.ascontiguousarray(image), quality)
    source = 'data:image/jpeg;base64,' + base64.b64encode(data).decode()
    return dict(source=source, caption=caption)


def draw_suspect(
    image: np.ndarray,
    points: np.ndarray,
    names: Sequence[str],
    suspects: Collection[str],
    expected: Mapping[str, Sequence[float]],
) -> np.ndarray:
    """Draw a face with its points (K, 2); suspects are red and named.

    A line joins a suspect to the place where it is ``expected``, in pixels of
    the image. Images are BGR; the result has 480 pixels a side.
    """
    seen = np.isfinite(points).all(axis=1)
    # A point far outside would shrink the face to nothing.
    limit = np.array(image.shape[1::-1])
    near = seen & ((points > -0.2 * limit) & (points < 1.2 * limit)).all(1)
    x, y, width, height = face_window(image, points, near, _MARGIN)
    factor = _SIDE / max(width, height)

    def placed(points) -> np.ndarray:
        return enlarged(np.asarray(points) - (x, y), factor)

    picture = enlarge(cut_out(image, (x, y, width, height)), factor)
    canvas = Image.fromarray(np.ascontiguousarray(picture[..., ::-1]))
    goals = {name: placed(point) for name, point in expected.items()}
    _draw_points(canvas, placed(points), names, suspects, PAPER, goals)
    return np.array(canvas)[..., ::-1]


def draw_mean_shape(
    mean: np.ndarray, names: Sequence[str], suspects: Collection[str]
) -> np.ndarray:
    """Draw the mean shape, complex (K,), with names; BGR, 480 pixels."""
    canvas = Image.new('RGB', (_SIDE, _SIDE), PAPER)
    points = np.stack([mean.real, mean.imag], axis=1)
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    factor = _SIDE / ((high - low).max() * (1 + 2 * _MARGIN) + 1e-9)
    points = (points - (low + high) / 2) * factor + _SIDE / 2
    _draw_points(canvas, points, names, suspects, INK, {})
    return np.array(canvas)[..., ::-1]


def _draw_points(canvas, points, names, suspects, ink, goals) -> None:
    draw = ImageDraw.Draw(canvas)
    seen = np.flatnonzero(np.isfinite(points).all(axis=1))
    # Suspects last, on top.
    order = sorted(seen.tolist(), key=lambda k: names[k] in suspects)
    for k in order:
        bad = names[k] in suspects
        if names[k] in goals:
            goal = tuple(goals[names[k]])
            draw.line([tuple(points[k]), goal], PREDICTION[::-1], 2)
            draw.circle(goal, _SIDE / 80, None, PREDICTION[::-1], 2)
        radius = _SIDE / (75 if bad else 130)
        colour = (_SUSPECT if bad else TRUTH)[::-1]
        draw.circle(tuple(points[k]), radius, colour, RIM[::-1], 2)
    # A name must not hide a point either.
    taken = [(*(points[k] - 4), *(points[k] + 4)) for k in order]
    middle = np.mean(points[seen, 0]) if len(seen) else 0
    # The suspects' names first.
    for k in reversed(order):
        loud = names[k] in suspects and len(suspects) <= _LOUD
        outward = -1 if points[k, 0] < middle else 1
        _draw_name(draw, names[k], points[k], loud, outward, ink, taken)


def _draw_name(draw, name, point, loud, outward, ink, taken) -> None:
    """Write a name next to its point, where there is room."""
    font = font_of(15 if loud else 11, loud)
    x, y = point
    width, height = font.getlength(name), 1.2 * font.size
    boxes = []
    for up in (0, -1.2, 1.2, -2.4, 2.4) if loud else (0,):
        top = y + (up - 0.5) * height
        for side in (outward, -outward):
            left = x + (9 if side > 0 else -9 - width)
            boxes.append((left, top, left + width, top + height))
    free = [
        box
        for box in boxes
        if box[0] >= 0
        and box[2] <= draw.im.size[0]
        and not any(_overlap(box, other) for other in taken)
    ]
    if not free and not loud:
        return
    box = (free or boxes)[0]
    ink, rim = (_SUSPECT, PAPER) if loud else (ink, RIM)
    if loud:
        near = (np.clip(x, box[0], box[2]), np.clip(y, box[1], box[3]))
        draw.line([(x, y), near], _SUSPECT[::-1], 1)
    taken.append(box)
    draw.text(
        box[:2],
        name,
        font=font,
        fill=ink[::-1],
        stroke_width=2 if loud or ink == PAPER else 0,
        stroke_fill=rim[::-1],
    )


def _overlap(a: tuple, b: tuple) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
