"""Notes what looks wrong: in one face, in its scale, in the whole set."""

import re
from collections.abc import Sequence

import numpy as np

from mmpose_ctd.landmark_sides import partner_places, side_of

from ..annotation_formats import PointRecord
from ..checking.eye_distances import implausible_distance
from ..checking.sides import parallel
from ..subject_names import alike_subjects
from .landmark_choice import LandmarkChoice
from .options import PrepareOptions
from .records import LabelledPhotograph
from .report import PrepareReport, some_of

# Names of what is above and below in a face.
_UPPER = re.compile(r'canth|eye|brow|pupil|nasion|glabella|orbit', re.I)
_LOWER = re.compile(
    r'cheil|labr|stomion|gnath|subnas|philtr|lip|mouth|chin|menton|alar', re.I
)
# Landmarks of a face that span less or more, in mm, have a wrong scale.
_SPAN_MM = (5.0, 400.0)

# Code -> what a picture's note says, and the warning if most have it.
_FINDINGS = {
    'sides': (
        'landmarks of the right side lie at the right of the image; the '
        "subject's right is at the image's left: swapped names, or a "
        'mirrored photograph?',
        'MOST FACES HAVE LEFT AND RIGHT SWAPPED: _R must be the '
        "subject's right, which is at the image's left. Correct the names.",
    ),
    'names': (
        'right and left landmarks do not lie on two sides of the face: names '
        'that are off by one (--count-from), or another order of the points?',
        'MOST FACES HAVE THEIR NAMES AT OTHER POINTS: right and left '
        'landmarks do not lie on two sides of the face. Are the numbers of '
        'the points off by one? Use --count-from 0 or 1, or correct the '
        'names.',
    ),
    'sideways': (
        'left and right landmarks lie one above the other: was the '
        'photograph lying on its side when it was clicked (--frame)?',
        'MOST FACES LIE ON THEIR SIDE: the points were clicked in another '
        'frame. Use --frame stored or --frame upright.',
    ),
    'upside down': (
        'landmarks of the eyes lie below those of nose and mouth: another '
        'direction of y (--y-axis), or other names?',
        'MOST FACES ARE UPSIDE DOWN: the mouth is above the eyes. Use '
        '--y-axis up or --y-axis down, or correct the names.',
    ),
}


def face_notes(
    points: np.ndarray, labelled: np.ndarray, names: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Wrong names, swapped sides, faces upside down or on their side.

    Returns codes and texts for landmarks (K, 2) in the upright photograph,
    of which those ``labelled`` (K,) are known.
    """
    codes = _face_codes(points, labelled, names)
    return [(code, _FINDINGS[code][0]) for code in codes]


def _face_codes(points, labelled, names) -> list[str]:
    across = np.array(
        [
            points[j] - points[i]
            for i, j in enumerate(partner_places(names))
            if i != j
            and side_of(names[i]) == 'R'
            and labelled[i]
            and labelled[j]
        ]
    ).reshape(-1, 2)
    # On a face that lies on its side the pairs are still parallel.
    if len(across) > 1 and not parallel(across @ (1, 1j)):
        return ['names']
    x, y = np.abs(across.mean(axis=0)) if len(across) else (0, 0)
    if y > x:
        return ['sideways']
    codes = []
    if (across[:, 0] < 0).sum() > len(across) / 2:
        codes.append('sides')
    upper, lower = (
        [i for i, n in enumerate(names) if labelled[i] and pattern.search(n)]
        for pattern in (_UPPER, _LOWER)
    )
    if upper and lower and points[upper, 1].mean() > points[lower, 1].mean():
        codes.append('upside down')
    return codes


def scale_notes(
    scale: float,
    points: np.ndarray,
    labelled: np.ndarray,
    names: tuple[str, ...],
) -> list[tuple[str, str]]:
    """A scale (mm a pixel) that makes the face too large or too small.

    The distance between the eyes decides if their corners or pupils are
    labelled, else the span of all landmarks.
    """
    points = np.where(labelled[:, None], points, np.nan)
    partners = partner_places(names)
    eyes = implausible_distance(points, scale, names, partners)
    if eyes is not None:
        return [
            (
                'scale',
                f'with {scale:.4g} mm a pixel the {eyes.what} are '
                f'{eyes.length:.3g} mm apart; people have {eyes.low:.0f} to '
                f'{eyes.high:.0f} mm',
            )
        ]
    points = points[labelled]
    if len(points) < 2:
        return []
    span = scale * float(np.ptp(points, axis=0).max())
    if _SPAN_MM[0] <= span <= _SPAN_MM[1]:
        return []
    return [
        (
            'scale',
            f'with {scale:.4g} mm a pixel the landmarks span {span:.3g} mm, '
            'which no face does',
        )
    ]


def warn_of_most(report: PrepareReport) -> None:
    """Warn of findings that hold for most pictures of the set."""
    for code, (_, warning) in _FINDINGS.items():
        found = sum(code in dict(row.notes) for row in report.used)
        if found > len(report.used) / 2:
            report.warnings.append(warning)


def note_records(
    report: PrepareReport,
    records: list[PointRecord],
    photos: list[LabelledPhotograph],
    choice: LandmarkChoice,
    options: PrepareOptions,
    photograph_count: int,
    maybe_subjects: Sequence[str] = (),
) -> None:
    """Note in a report what concerns more than one record."""
    bare = photograph_count - len(photos)
    if bare:
        report.notes.append(
            f'{bare} of {photograph_count} photographs have no usable record'
        )
    _note_subjects(report, photos, maybe_subjects)
    scaled = sum(record.scale is not None for record in records)
    if scaled and options.scale_unit is None and not options.scale_points:
        report.notes.append(
            f'{scaled} records have SCALE=, which is not used, as its unit '
            'is unknown: --scale-unit mm (or cm, inch)'
        )
    if choice.labels is not None and len(photos) > 1:
        counts = np.sum([photo.visible > 0 for photo in photos], axis=0)
        rare = [
            f'{name} in {count}'
            for name, count in zip(choice.names, counts)
            if count < len(photos) / 2
        ]
        if rare:
            report.notes.append(
                f'landmarks that most of the {len(photos)} records lack: '
                f'{some_of(rare)} (a misspelt label?)'
            )
    known = {*(choice.labels or ()), *options.scale_points}
    unused = {n for r in records for n in r.names or ()} - known
    if unused:
        report.notes.append(
            f'labels that are not used: {some_of(sorted(unused))}'
        )


def _note_subjects(
    report: PrepareReport,
    photos: list[LabelledPhotograph],
    maybe_subjects: Sequence[str],
) -> None:
    subjects = [str(photo.fields.get('subject') or '') for photo in photos]
    if photos and not any(subjects):
        text = (
            'NO SUBJECT IS KNOWN: each photograph counts as a different '
            'person. If a person has several, training and test may share '
            'them, and the errors come out too small. State who is who: '
            '--table, --subject-pattern or --subject-from folder.'
        )
        if maybe_subjects:
            shown = ', '.join(map(repr, maybe_subjects[:5]))
            text += (
                f' If a column of the table names the subjects ({shown}), '
                'rename it to "subject".'
            )
        report.warnings.append(text)
    groups = alike_subjects(subjects)
    if groups:
        alike = {subject for group in groups for subject in group}
        # Ids may name people; the numbers of the records do not.
        numbers = [
            str(photo.number)
            for photo, subject in zip(photos, subjects)
            if subject in alike
        ]
        report.warnings.append(
            f'{len(groups)} group{"s" * (len(groups) > 1)} of subject ids '
            'differ only in case, spaces, dashes or zeros: is each group one '
            f'person? Records {some_of(numbers)}. Give each person one id.'
        )
