"""Says where landmarks do not lie as on a face."""

import re

import numpy as np

from ..landmark_names import flip_partner

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
    'upside down': 'MOST FACES ARE UPSIDE DOWN: the mouth is above the eyes. '
    'Say --y-axis up or --y-axis down, or correct the names.',
}


def face_notes(
    points: np.ndarray, labelled: np.ndarray, names: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Swapped sides, and mouths above eyes.

    Args:
        points (np.ndarray): (K, 2), pixels of the upright photograph.
        labelled (np.ndarray): (K,), whether there is a point.
        names (tuple[str, ...]): Of the K landmarks.

    Returns:
        list[tuple[str, str]]: Code and text of each finding.
    """
    notes = []
    swapped = []
    for i, name in enumerate(names):
        partner = flip_partner(name, names)
        if name == partner or not re.search('_R|[Rr]ight', name):
            continue
        j = names.index(partner)
        if labelled[i] and labelled[j]:
            swapped.append(points[i, 0] > points[j, 0])
    if swapped and np.mean(swapped) > 0.5:
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
    if None not in heights and heights[0] > heights[1]:
        notes.append(
            (
                'upside down',
                'landmarks of the eyes lie below those of nose and mouth: '
                'another direction of y (--y-axis), or other names?',
            )
        )
    return notes


def scale_notes(scale: float, points: np.ndarray) -> list[tuple[str, str]]:
    """A scale that makes the face a giant's or a doll's.

    Args:
        scale (float): Millimetres a pixel.
        points (np.ndarray): (N, 2) landmarks, in these pixels.

    Returns:
        list[tuple[str, str]]: Code and text of each finding.
    """
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
