"""Names the files of tools that are not read, and what to do instead."""

import re
from collections.abc import Callable

from mmpose_ctd.errors import InputError

__all__ = [
    'foreign_json',
    'foreign_suffix',
    'refuse_foreign_table',
    'refuse_foreign_xml',
]

_TABLE = (
    'Write a table with the columns image, landmark, x, y (pixels), or '
    'export COCO keypoints or "CVAT for images 1.1" if the tool can.'
)
_LABEL_STUDIO = (
    'In Label Studio, choose Export, COCO (versions since May 2025 export '
    'key points so), or write a table with the columns image, landmark, x, '
    'y, in pixels: x / 100 * original_width.'
)


def _of_dict(*keys: str) -> Callable[[object], bool]:
    return lambda content: isinstance(content, dict) and {*keys} <= {*content}


def _of_list(*keys: str) -> Callable[[object], bool]:
    return lambda content: (
        isinstance(content, list)
        and bool(content)
        and isinstance(content[0], dict)
        and {*keys} <= {*content[0]}
    )


def _is_via(content: object) -> bool:
    if not isinstance(content, dict):
        return False
    if '_via_img_metadata' in content:
        return True
    first = next(iter(content.values()), None)
    return isinstance(first, dict) and {'filename', 'regions'} <= {*first}


# What a file is of, how it is recognised, what to do instead.
_JSON = (
    ('Label Studio', _of_list('data', 'annotations'), _LABEL_STUDIO),
    ('Label Studio', _of_list('data', 'completions'), _LABEL_STUDIO),
    ('Label Studio', _of_list('annotation_id', 'lead_time'), _LABEL_STUDIO),
    ('VGG Image Annotator (VIA)', _is_via, _TABLE),
    ('OpenPose', _of_dict('people', 'version'), _TABLE),
    ('MediaPipe', _of_dict('faceLandmarks'), _TABLE),
    ('MediaPipe', _of_dict('face_landmarks'), _TABLE),
    ('3D Slicer', _of_dict('markups'), _TABLE),
    ('SLEAP', _of_dict('skeletons', 'videos'), _TABLE),
    ('Labelbox', _of_list('data_row'), _TABLE),
    ('Supervisely', _of_dict('objects', 'size'), _TABLE),
    ('COCO results', _of_list('image_id', 'keypoints'), _TABLE),
)
_SUFFIXES = {
    '.fcsv': '3D Slicer',
    '.slp': 'SLEAP',
    '.h5': 'DeepLabCut or SLEAP',
    '.mat': 'Matlab',
    '.ljson': 'menpo',
    '.asf': 'the IMM face database',
}
# What the first two rows of a table begin with or hold.
_TABLES = (
    ('DeepLabCut', r'scorer[,;\t].*\n(bodyparts|individuals)[,;\t]', _TABLE),
    ('VGG Image Annotator (VIA)', r'.*region_shape_attributes', _TABLE),
    ('Label Studio', r'.*\bannotation_id\b.*\blead_time\b', _LABEL_STUDIO),
    ('3D Slicer', r'# Markups fiducial file', _TABLE),
)


def _refuse(name: str, tool: str, cure: str) -> InputError:
    return InputError(
        where=name,
        found=f'a file of {tool}, which is not read',
        cure=cure,
    )


def foreign_json(name: str, content: object) -> InputError | None:
    """The refusal of another tool's JSON; None where it is not recognised."""
    for tool, is_of, cure in _JSON:
        if is_of(content):
            return _refuse(name, tool, cure)
    return None


def foreign_suffix(name: str, suffix: str) -> InputError | None:
    """The refusal of another tool's suffix; None where it is unknown."""
    tool = _SUFFIXES.get(suffix)
    return _refuse(name, tool, _TABLE) if tool else None


def refuse_foreign_table(name: str, text: str) -> None:
    """Raise InputError where a table begins as another tool's."""
    for tool, pattern, cure in _TABLES:
        if re.match(pattern, text, re.I):
            raise _refuse(name, tool, cure)


def refuse_foreign_xml(name: str, root) -> None:
    """Raise InputError where the elements are another tool's."""
    if root.find('images/image/box') is not None:
        raise _refuse(name, "dlib's imglab", _TABLE)
    if root.tag == 'annotation' and root.find('object') is not None:
        raise _refuse(name, 'Pascal VOC (LabelImg)', _TABLE)
