"""Recognises files of tools that are not read, and says what to export."""

import re

from mmpose_ctd.errors import InputError

_TABLE = (
    'Write a table with the columns image, landmark, x, y (pixels), or '
    'export COCO keypoints or "CVAT for images 1.1" if the tool can.'
)
_LABEL_STUDIO = (
    'In Label Studio, choose Export, COCO (versions since May 2025 export '
    'key points so), or write a table with the columns image, landmark, x, '
    'y, in pixels: x / 100 * original_width.'
)
# Tool -> keys of the object, or of the first object of the list.
_OBJECTS = (
    ('VGG Image Annotator (VIA)', {'_via_img_metadata'}),
    ('OpenPose', {'people', 'version'}),
    ('MediaPipe', {'faceLandmarks'}),
    ('MediaPipe', {'face_landmarks'}),
    ('3D Slicer', {'markups'}),
    ('SLEAP', {'skeletons', 'videos'}),
    ('Supervisely', {'objects', 'size'}),
)
_LISTS = (
    ('Label Studio', {'data', 'annotations'}),
    ('Label Studio', {'data', 'completions'}),
    ('Label Studio', {'annotation_id', 'lead_time'}),
    ('Labelbox', {'data_row'}),
    ('COCO results', {'image_id', 'keypoints'}),
)
_SUFFIXES = {
    '.fcsv': '3D Slicer',
    '.slp': 'SLEAP',
    '.h5': 'DeepLabCut or SLEAP',
    '.mat': 'Matlab',
    '.ljson': 'menpo',
    '.asf': 'the IMM face database',
}
# Tool -> pattern of the first two rows.
_TABLES = (
    ('DeepLabCut', r'scorer[,;\t].*\n(bodyparts|individuals)[,;\t]'),
    ('VGG Image Annotator (VIA)', r'.*region_shape_attributes'),
    ('Label Studio', r'.*\bannotation_id\b.*\blead_time\b'),
    ('3D Slicer', r'# Markups fiducial file'),
)


def _foreign(name: str, tool: str) -> InputError:
    return InputError(
        where=name,
        found=f'a file of {tool}, which is not read',
        cure=_LABEL_STUDIO if tool == 'Label Studio' else _TABLE,
    )


def foreign_json(name: str, content: object) -> InputError | None:
    """The refusal of another tool's JSON; None if it is not recognised."""
    known, first = (), content
    if isinstance(content, dict):
        known = _OBJECTS
        inner = next(iter(content.values()), None)
        if isinstance(inner, dict) and {'filename', 'regions'} <= {*inner}:
            return _foreign(name, 'VGG Image Annotator (VIA)')
    elif isinstance(content, list) and content:
        known, first = _LISTS, content[0]
    for tool, keys in known:
        if isinstance(first, dict) and keys <= {*first}:
            return _foreign(name, tool)
    return None


def foreign_suffix(name: str, suffix: str) -> InputError | None:
    """The refusal of another tool's suffix; None if it is not recognised."""
    return _foreign(name, _SUFFIXES[suffix]) if suffix in _SUFFIXES else None


def refuse_foreign_table(name: str, text: str) -> None:
    """Raise InputError if a table begins like another tool's."""
    for tool, pattern in _TABLES:
        if re.match(pattern, text, re.I):
            raise _foreign(name, tool)


def refuse_foreign_xml(name: str, root) -> None:
    """Raise InputError if the elements are another tool's."""
    if root.find('images/image/box') is not None:
        raise _foreign(name, "dlib's imglab")
    if root.tag == 'annotation' and root.find('object') is not None:
        raise _foreign(name, 'Pascal VOC (LabelImg)')
