"""Reads a COCO keypoint file of landmarks, and trusts nothing in it."""

import json
import logging
import math
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mmengine.logging import print_log

from mmpose_ctd.errors import InputError, MissingFileError

__all__ = ['LandmarkFile', 'flip_partners', 'landmark_metainfo', 'read_split']

# BGR, as MMPose's metainfo wants them: the subject's right, left, midline.
_COLORS = dict(_R=(0, 119, 238), _L=(238, 136, 0), mid=(60, 180, 60))
# A point this far outside the frame, in frame sizes, is a mistake.
_SLACK = 0.5


@dataclass
class LandmarkFile:
    """A COCO keypoint file with one category.

    Attributes:
        path (str): Where it was read from.
        names (list[str]): The K landmarks' names, in order.
        skeleton (list): Pairs of 1-based landmark numbers.
        images (dict): Image id -> image record.
        annotations (list[dict]): Annotation records.
    """

    path: str
    names: list[str]
    skeleton: list
    images: dict[int, dict]
    annotations: list[dict]

    @classmethod
    def read(cls, path: str) -> 'LandmarkFile':
        """Read and check the file's structure.

        Raises:
            MissingFileError: If there is no such file.
            InputError: If it is not a COCO keypoint file of one category.
        """
        if not os.path.isfile(path):
            raise MissingFileError(
                f'The annotation file {path!r} does not exist. Set '
                'dataset.data_root and dataset.ann_file (the data root comes '
                'from the environment variable CTD_DATA_ROOT, default '
                "'data')."
            )
        try:
            with open(path, encoding='utf-8') as file:
                content = json.load(file)
        except (ValueError, UnicodeDecodeError) as error:
            raise InputError(f'{path}: not a JSON file ({error}).') from error
        missing = [
            key
            for key in ('images', 'annotations', 'categories')
            if not isinstance(content, dict)
            or not isinstance(content.get(key), list)
        ]
        if missing:
            raise InputError(
                f'{path}: no COCO keypoint file, the list(s) {missing} are '
                'missing.'
            )
        categories = content['categories']
        if len(categories) != 1 or not categories[0].get('keypoints'):
            raise InputError(
                f'{path}: found {len(categories)} categories; expected one, '
                "with the landmarks' names under 'keypoints'."
            )
        names = _numbered(categories[0]['keypoints'])
        images = {image['id']: image for image in content['images']}
        return cls(
            path,
            names,
            categories[0].get('skeleton') or [],
            images,
            content['annotations'],
        )

    def check_annotation(self, annotation: dict) -> None:
        """Refuse an annotation whose coordinates cannot be right.

        Raises:
            InputError: Names the annotation, the landmark, and what is wrong:
                the number of values, NaN or infinity, or a labelled point far
                outside the image.
        """
        k = len(self.names)
        where = f'{self.path}: annotation id={annotation.get("id")}'
        image = self.images.get(annotation.get('image_id'))
        if image is None:
            raise InputError(
                f'{where}: image_id={annotation.get("image_id")} is not '
                "among the file's images."
            )
        values = annotation.get('keypoints')
        if not isinstance(values, list) or len(values) != 3 * k:
            found = len(values) if isinstance(values, list) else 'no'
            raise InputError(
                f'{where}: {found} keypoint values; expected 3 x {k} '
                '(x, y, visibility of each landmark of the category).'
            )
        for i, name in enumerate(self.names):
            x, y, visible = values[3 * i : 3 * i + 3]
            numbers = all(
                isinstance(v, (int, float)) and math.isfinite(v)
                for v in (x, y, visible)
            )
            if not numbers:
                raise InputError(
                    f'{where}, landmark {name}: (x, y, visibility) = '
                    f'({x}, {y}, {visible}) is not finite. A missing '
                    'landmark is 0, 0, 0.'
                )
            if visible > 0 and not self._near(image, x, y):
                raise InputError(
                    f'{where}, landmark {name}: ({x:g}, {y:g}) lies far '
                    f'outside the {image["width"]}x{image["height"]} image. '
                    'Coordinates are pixels of the image, from its top left.'
                )

    @staticmethod
    def _near(image: dict, x: float, y: float) -> bool:
        return all(
            -_SLACK * size <= v <= (1 + _SLACK) * size
            for v, size in ((x, image['width']), (y, image['height']))
        )

    def check_image(self, image: dict) -> None:
        """Refuse an image record without name or size.

        Raises:
            InputError: Names the record and the field.
        """
        for key, kind in (('file_name', str), ('width', int), ('height', int)):
            value = image.get(key)
            if not isinstance(value, kind) or not value:
                raise InputError(
                    f'{self.path}: image id={image["id"]}: {key}={value!r}; '
                    f'expected a {kind.__name__}.'
                )


def _numbered(names: Sequence[str]) -> list[str]:
    """Tell landmarks of one name apart: hairline, hairline_2, hairline_3."""
    seen: Counter = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(f'{name}_{seen[name]}' if seen[name] > 1 else name)
    return numbered


_OTHER_SIDE = {'_R': '_L', '_L': '_R', 'left': 'right', 'right': 'left'}
_SIDE = re.compile(r'_[RL](?=$|_\d+$)|(?<![a-z])(?:left|right)(?![a-z])')


def flip_partners(
    names: Sequence[str], pairs: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """The landmark that takes each one's place in a mirrored face.

    Args:
        names (Sequence[str]): The K landmarks.
        pairs (Sequence[tuple[str, str]]): Pairs that the names do not tell.
            Defaults to none.

    Returns:
        list[str]: K names.

    Raises:
        InputError: If a pair names an unknown landmark.
    """
    unknown = [n for pair in pairs for n in pair if n not in names]
    if unknown:
        raise InputError(
            f'dataset.flip_pairs names {unknown[0]!r}, which is no landmark '
            f'of the file; they are {", ".join(names[:8])} ...'
        )
    given = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    partners = [given.get(n) or flip_partner(n, names) for n in names]
    alone = [n for n, p in zip(names, partners) if n == p and _SIDE.search(n)]
    if alone and len(alone) < sum(bool(_SIDE.search(n)) for n in names):
        print_log(
            f'{len(alone)} landmarks are named for a side but have no partner '
            f'on the other ({", ".join(alone[:3])} ...): a flipped image '
            'keeps their place. Give dataset.flip_pairs if that is wrong.',
            'current',
            logging.WARNING,
        )
    return partners


def flip_partner(name: str, names: Sequence[str]) -> str:
    """The landmark that takes this one's place in a mirrored face.

    ``_R`` and ``_L`` at a name's end are the subject's right and left; the
    words left and right in a name do as well. A name without partner in the
    set (midline, or a one-sided set) is its own.
    """
    partner = _SIDE.sub(lambda side: _OTHER_SIDE[side.group()], name)
    return partner if partner in names else name


def landmark_metainfo(
    names: Sequence[str],
    skeleton: Sequence = (),
    flip_pairs: Sequence[tuple[str, str]] = (),
    dataset_name: str = 'cifasd',
) -> dict:
    """MMPose's raw metainfo of a set of landmarks.

    Args:
        names (Sequence[str]): The K landmarks.
        skeleton (Sequence): Pairs of 1-based landmark numbers. Defaults to
            none.
        flip_pairs (Sequence[tuple[str, str]]): See :func:`flip_partners`.
        dataset_name (str): Defaults to ``'cifasd'``.

    Returns:
        dict: For ``parse_pose_metainfo``; every landmark weighs 1.
    """
    keypoints = {}
    partners = flip_partners(names, flip_pairs)
    for i, (name, partner) in enumerate(zip(names, partners)):
        keypoints[i] = dict(
            name=name,
            id=i,
            color=list(_COLORS.get(name[-2:], _COLORS['mid'])),
            type='',
            swap=partner if partner != name else '',
        )
    links = {
        i: dict(link=(names[a - 1], names[b - 1]), id=i, color=[160, 160, 160])
        for i, (a, b) in enumerate(skeleton)
    }
    return dict(
        dataset_name=dataset_name,
        keypoint_info=keypoints,
        skeleton_info=links,
        joint_weights=[1.0] * len(names),
        # Only COCO's OKS reads these; 0.025 is its value for eyes and nose.
        sigmas=[0.025] * len(names),
    )


def read_split(path: str) -> list[str]:
    """Read a split file: one subject id a line; # starts a comment.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it names nobody.
    """
    if not os.path.isfile(path):
        raise MissingFileError(
            f'The split file {path!r} does not exist. dataset.split is a '
            'file of subject ids, one a line, relative to dataset.data_root.'
        )
    with open(path, encoding='utf-8') as file:
        lines = [line.split('#')[0].strip() for line in file]
    subjects = list(dict.fromkeys(line for line in lines if line))
    if not subjects:
        raise InputError(
            f'The split file {path!r} is empty; expected subject ids, one a '
            'line.'
        )
    return subjects
