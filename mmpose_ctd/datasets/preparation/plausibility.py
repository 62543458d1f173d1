"""Says where landmarks do not lie as on a face."""

import re

import numpy as np

from mmpose_ctd.landmark_sides import partner_places, side_of

from ..checking.eye_distances import implausible_distance
from ..checking.sides import parallel

__all__ = ['WHOLE_SET', 'face_notes', 'scale_notes']

# What is above and below in a face, as far as names tell.
_UPPER = re.compile(r'canth|eye|brow|pupil|nasion|glabella|orbit', re.I)
_LOWER = re.compile(
    r'cheil|labr|stomion|gnath|subnas|philtr|lip|mouth|chin|menton|alar', re.I
)
# Landmarks of a face that span less or more, in mm, have a wrong scale.
_SPAN_MM = (5.0, 400.0)

#: What a finding means if it holds for most pictures of a set.
WHOLE_SET = {
    'sides': 'MOST FACES HAVE LEFT AND RIGHT SWAPPED: _R must be the '
    "subject's right, which is at the image's left. Correct the names.",
    'names': 'MOST FACES HAVE THEIR NAMES AT OTHER POINTS: right and left '
    'landmarks do not lie on two sides of the face. Are the numbers of the '
    'points off by one? Say --count-from 0 or 1, or correct the names.',
    'sideways': 'MOST FACES LIE ON THEIR SIDE: the points were clicked in '
    'another frame. Say --frame stored or --frame upright.',
    'upside down': 'MOST FACES ARE UPSIDE DOWN: the mouth is above the eyes. '
    'Say --y-axis up or --y-axis down, or correct the names.',
}


def face_notes(
    points: np.ndarray, labelled: np.ndarray, names: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Wrong names, swapped sides, faces upside down or on their side.

    Args:
        points (np.ndarray): (K, 2), pixels of the upright photograph.
        labelled (np.ndarray): (K,), whether there is a point.
        names (tuple[str, ...]): Of the K landmarks.

    Returns:
        list[tuple[str, str]]: Code and text of each finding.
    """
    notes = []
    across = []
    for i, j in enumerate(partner_places(names)):
        if i != j and side_of(names[i]) == 'R' and labelled[i] and labelled[j]:
            across.append(points[j] - points[i])
    across = np.array(across).reshape(-1, 2)
    # On a face that lies on its side the pairs are parallel still.
    mixed = len(across) > 1 and not parallel(across @ (1, 1j))
    if mixed:
        notes.append(
            (
                'names',
                'right and left landmarks do not lie on two sides of the '
                'face: names that are off by one (--count-from), or another '
                'order of the points?',
            )
        )
    sideways = len(across) and (
        abs(across[:, 1].mean()) > abs(across[:, 0].mean())
    )
    if sideways and not mixed:
        notes.append(
            (
                'sideways',
                'left and right landmarks lie one above the other: was the '
                'photograph lying on its side when it was clicked (--frame)?',
            )
        )
    elif len(across) and not mixed and (across[:, 0] < 0).mean() > 0.5:
        notes.append(
            (
                'sides',
                'landmarks of the right side lie at the right of the image; '
                "the subject's right is at the image's left: swapped names, "
                'or a mirrored photograph?',
            )
        )
    heights = []
    for pattern in (_UPPER, _LOWER):
        chosen = [
            i for i, n in enumerate(names) if labelled[i] and pattern.search(n)
        ]
        heights.append(points[chosen, 1].mean() if chosen else None)
    if (
        not mixed
        and not sideways
        and None not in heights
        and heights[0] > heights[1]
    ):
        notes.append(
            (
                'upside down',
                'landmarks of the eyes lie below those of nose and mouth: '
                'another direction of y (--y-axis), or other names?',
            )
        )
    return notes


def scale_notes(
    scale: float,
    points: np.ndarray,
    labelled: np.ndarray,
    names: tuple[str, ...],
) -> list[tuple[str, str]]:
    """A scale that makes the face a giant's or a doll's.

    The eyes tell, where their corners or pupils are labelled; all landmarks
    together tell less.

    Args:
        scale (float): Millimetres a pixel.
        points (np.ndarray): (K, 2) landmarks, in these pixels.
        labelled (np.ndarray): (K,), whether there is a point.
        names (tuple[str, ...]): Of the K landmarks.

    Returns:
        list[tuple[str, str]]: Code and text of each finding.
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
