"""Checks of where the points lie."""

from collections.abc import Iterator, Sequence

import numpy as np

from ..face_fit import fit_to_faces
from ..landmark_file import is_near
from .eye_distances import implausible_distance
from .registry import Findings, error, note, register_check, warning
from .sides import PairSides, judge_sides
from .survey import Survey

# With more suspects than this share of its points the whole face is odd.
_MANY = 1 / 3
# A photograph without a detected face is reported if there are at most so
# many, as a share of the labelled ones: turned heads are not detected.
_FACELESS = 0.1


@register_check('left-right', 'right and left exchanged')
def left_right(survey: Survey) -> Findings:
    """Single pairs, facial groups, whole faces, and the whole set."""
    photos = survey.labelled
    if not photos:
        return
    names = survey.names
    if survey.shapes is not None:
        sides, fewest = survey.shapes.sides, 1
    else:
        # Too few faces for a mean shape are enough for sides.
        points = survey.labelled_points
        sides, fewest = judge_sides(points, names, survey.partners), 2
    if len(sides.pairs) < fewest:
        return
    if sides.astray:
        yield error(
            'in most faces right and left landmarks do not lie on two sides '
            'of the face: each name is probably at another point, such as '
            'the next one (mmpose_ctd prepare --count-from 0 or 1, or a line '
            'too many in the list of names)',
            landmarks=tuple(names[k] for k in sides.pairs.ravel()),
        )
        return
    yield from _sides_of_the_set(sides, names)
    # An exchange that several faces share is one finding.
    shared: dict[tuple, list[int]] = {}
    for photo, exchanged in zip(photos, sides.exchanged):
        seen = np.isfinite(photo.points[sides.pairs]).all(axis=(1, 2))
        if seen.sum() > 1 and exchanged[seen].all():
            yield error(
                'right and left of all pairs are exchanged, compared with the '
                'other faces; or the photograph is mirrored',
                (photo.place,),
                tuple(names[k] for k in sides.pairs.ravel()),
            )
            continue
        for group in sides.groups(names, exchanged):
            shared.setdefault(group, []).append(photo.place)
    odd = {*sides.pairs[sides.usual].ravel()}
    for (kind, marks), places in shared.items():
        text = (
            'are the other way round than in most faces'
            if odd.intersection(marks)
            else 'are exchanged, right for left'
        )
        yield error(
            f'{_in_words(kind, marks, names)} {text}',
            tuple(places),
            tuple(names[k] for k in marks),
        )
    for place, marks in _exchanges(survey, mirrored=True):
        text = f'{marks[0]} and {marks[1]} are exchanged'
        yield error(text, (place,), marks)


def _sides_of_the_set(sides: PairSides, names: Sequence[str]) -> Findings:
    """Problems that most faces share."""
    reversed_set = sides.usual.mean() > 0.5
    if reversed_set:
        yield warning(
            'in most faces the points named right are at the right of the '
            "image. R is the subject's right, at the image's left, unless "
            'the photographs are mirrored'
        )
    groups = [*sides.groups(names, sides.usual != reversed_set)]
    if groups:
        what = ', '.join(_in_words(*group, names) for group in groups)
        yield error(
            f'in most faces {what} are exchanged, right for left, compared '
            "with the other landmarks. R is the subject's right, at the "
            "image's left",
            landmarks=tuple(names[k] for _, marks in groups for k in marks),
        )


def _in_words(kind: str, marks: Sequence[int], names: Sequence[str]) -> str:
    if kind:
        return f'all {len(marks)} landmarks of the {kind}'
    return ' and '.join(names[k] for k in marks)


def _exchanges(survey: Survey, mirrored: bool) -> Iterator[tuple]:
    """Position of a record and the names that it mixes up."""
    if survey.shapes is None:
        return
    for place, exchanges in sorted(survey.shapes.exchanges.items()):
        for exchange in exchanges:
            if exchange.mirrored == mirrored:
                yield place, tuple(survey.names[k] for k in exchange.places)


@register_check('order', 'landmarks in the wrong order')
def order(survey: Survey) -> Findings:
    """Exchanged names other than right for left."""
    for place, marks in _exchanges(survey, mirrored=False):
        around = ', '.join(
            f'{a} looks like {b}' for a, b in zip(marks, marks[1:] + marks[:1])
        )
        yield error(f'names are mixed up: {around}', (place,), marks)


@register_check('frame', 'landmarks outside of the image')
def frame(survey: Survey) -> Findings:
    """Training refuses points far outside."""
    for photo in survey.labelled:
        if photo.size is None:
            continue
        width, height = photo.size
        far, near = {}, {}
        for name, (x, y) in zip(survey.names, photo.points):
            if np.isfinite(x) and not _inside((x, y), photo.size):
                close = is_near(photo.size, x, y)
                (near if close else far)[name] = f'{name} ({x:g}, {y:g})'
        for severity, found, text in (
            (error, far, 'far outside'),
            (warning, near, 'outside'),
        ):
            if found:
                yield severity(
                    f'{", ".join(found.values())}: {text} the {width}x{height}'
                    ' image. Coordinates are pixels from its top left; a '
                    'landmark that cannot be seen is 0, 0, 0',
                    (photo.place,),
                    tuple(found),
                )


def _inside(point: Sequence[float], size: tuple[int, int]) -> bool:
    """Whether a point is on a pixel; their centres are whole numbers."""
    return all(-0.5 <= v <= side - 0.5 for v, side in zip(point, size))


@register_check('outliers', 'points away from where the others expect them')
def outliers(survey: Survey) -> Findings:
    """A hint: unusual anatomy looks the same."""
    shapes = survey.shapes
    if shapes is None:
        fewest = survey.thresholds.min_faces
        yield note(
            f'{len(survey.labelled)} labelled faces of {len(survey.names)} '
            'landmarks: too few to compare faces with each other (at least '
            f'{fewest:g} and 4). The set was not searched for exchanged, '
            'misplaced and turned points'
        )
        return
    for place, fit in sorted(shapes.fits.items()):
        photo, points = survey.photos[place], shapes.points[place]
        # The check of the frame reports points outside.
        off = {
            survey.names[k]: k
            for k in fit.suspects
            if photo.size is None or _inside(points[k], photo.size)
        }
        if not off:
            continue
        seen = np.isfinite(points).all(axis=1).sum()
        if len(off) > _MANY * seen:
            text = (
                f'{len(off)} of {seen} points are not where the other faces '
                'have them. Check that they are of this photograph, and that '
                'no click too many or too few shifts the names of all later '
                'points by one'
            )
        else:
            text = 'away from where the other points expect it: ' + ', '.join(
                f'{name} {np.linalg.norm(points[k] - fit.expected[k]):.1f} px '
                f'({fit.z[k]:.1f} deviations)'
                for name, k in off.items()
            )
        expected = {n: (*map(float, fit.expected[k]),) for n, k in off.items()}
        score = float(fit.z[fit.suspects[0]])
        yield warning(
            text, (place,), tuple(off), expected=expected, score=score
        )


@register_check('pose', 'faces that lie on their side')
def pose(survey: Survey) -> Findings:
    """Compared with most faces of the set."""
    fits = survey.shapes.fits if survey.shapes else {}
    for place, fit in sorted(fits.items()):
        if abs(fit.angle) > survey.thresholds.tilt:
            yield warning(
                f'the points lean by {fit.angle:.0f} degrees. Turn the '
                'photograph and its points upright',
                (place,),
                score=abs(fit.angle),
            )


@register_check('face-fit', 'landmarks that do not fit the detected face')
def face_fit(survey: Survey) -> Findings:
    """Points clicked in another version of their photograph."""
    pairs = [
        (photo, file)
        for photo, file in zip(survey.photos, survey.files)
        # The check of image sizes reports files of another size.
        if photo.labelled and photo.size in (None, file.size)
    ]
    fits = fit_to_faces(
        [photo.points for photo, _ in pairs], [file.faces for _, file in pairs]
    )
    for (photo, _), fit in zip(pairs, fits):
        if fit is not None and fit.wrong:
            yield warning(
                f'{fit.text}. Were they clicked in another version of the '
                'photograph? Label this image again, or leave it out',
                (photo.place,),
                score=fit.factor,
            )
    without = tuple(photo.place for photo, file in pairs if not file.faces)
    if without and len(without) <= _FACELESS * len(pairs):
        yield warning(
            f'no face is detected, unlike in {len(pairs) - len(without)} '
            'photographs. Is it the right photograph, and upright?',
            without,
        )


@register_check('scale', 'implausible mm_per_px')
def scale(survey: Survey) -> Findings:
    """Distances between the eyes in mm, where mm_per_px is given."""
    # A fault that several images share is one finding.
    wrong: dict[tuple, list] = {}
    with_scale = []
    for photo in survey.photos:
        mm = photo.record.get('mm_per_px')
        if type(mm) not in (int, float) or not 0 < mm < np.inf:
            continue
        with_scale.append(photo)
        if photo.points is None:
            continue
        found = implausible_distance(
            photo.points, mm, survey.names, survey.partners
        )
        if found:
            kind = found.what, found.length > found.high
            wrong.setdefault(kind, []).append((photo.place, mm, found))
    for (what, too_long), group in wrong.items():
        places, scales, found = zip(*group)
        lengths = [one.length for one in found]
        many = f'{len(group)} images: ' if len(group) > 1 else ''
        yield error(
            f'{many}with mm_per_px={_span(scales, "g")} the {what} are '
            f'{_span(lengths, ".0f")} mm apart; people have '
            f'{found[0].low:.0f} to {found[0].high:.0f} mm',
            places,
            tuple(survey.names[k] for k in found[0].pair),
            score=max(lengths) if too_long else min(lengths),
        )
    without = tuple(
        p.place for p in survey.photos if p.record.get('mm_per_px') is None
    )
    if with_scale and without:
        yield note(
            f'{len(without)} of {len(survey.photos)} records have no '
            'mm_per_px, others do: errors in mm need it in all',
            without,
        )


def _span(values: Sequence[float], form: str) -> str:
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f'{low} to {high}'
