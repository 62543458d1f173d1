"""Reads what CVAT exports as "CVAT for images 1.1" (``annotations.xml``)."""

from collections import Counter

import numpy as np
from defusedxml import DefusedXmlException, ElementTree

from mmpose_ctd.errors import InputError

from .foreign import refuse_foreign_xml
from .numbers import finite_or_nan
from .point_record import (
    PointRecord,
    Reading,
    ReadOptions,
    Refused,
    Source,
    is_number,
)

__all__ = ['read']

_CURE = 'Export the task as "CVAT for images 1.1" and unpack annotations.xml.'
_SHAPES = ('box', 'cuboid', 'ellipse', 'mask', 'polygon', 'polyline')


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read CVAT files: points by their label, and skeletons.

    A shape of several points gives the names ``label_1``, ``label_2`` ...,
    and must have as many in all photographs. What is marked as outside is
    missing, what is occluded is hidden.

    Args:
        sources (list[Source]): The files.
        options (ReadOptions): Not used: the format fixes what it settles.

    Returns:
        Reading: A record for each photograph of the file that has points.

    Raises:
        InputError: If a file is no such XML, of a film, or defines entities;
            or if it has no points.
    """
    reading = Reading()
    for source in sources:
        root = _root(source)
        refuse_foreign_xml(source.name, root)
        images = root.findall('image')
        if not images:
            film = root.find('track') is not None
            raise InputError(
                where=source.name,
                found='annotations of a film' if film else 'no <image>',
                cure=_CURE,
            )
        bare, others = 0, Counter()
        for element in images:
            others.update(e.tag for e in element if e.tag in _SHAPES)
            if (
                element.find('points') is None
                and element.find('skeleton') is None
            ):
                bare += 1
                continue
            reading.add(_record(source.name, element), source)
        kinds = ', '.join(f'{n} {kind}' for kind, n in others.items())
        if bare == len(images):
            raise InputError(
                where=source.name,
                found=f'no points, but {kinds}' if kinds else 'no points',
                expected='shapes of the type points, or skeletons',
            )
        if bare:
            reading.notes.append(
                f'{source.name}: {bare} of its {len(images)} photographs have '
                'no points.'
            )
        if others:
            reading.notes.append(
                f'{source.name}: shapes that are passed over: {kinds}'
            )
    return reading


def _root(source: Source):
    try:
        return ElementTree.parse(source.path).getroot()
    except DefusedXmlException:
        raise InputError(
            where=source.name,
            found='XML entities, which CVAT never defines',
            cure='Export it again.',
        ) from None
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise InputError(
            where=source.name,
            found=f'not an XML file, or cut off ({error})',
            cure='Export it again.',
        ) from None


def _record(file: str, element) -> PointRecord:
    image = element.get('name', '')
    where = f'{file}, image {element.get("id", "?")}'
    try:
        if len(element.findall('skeleton')) > 1:
            raise Refused(found='more than one skeleton', expected='one face')
        found: list[tuple] = []
        counts: Counter = Counter()
        for path in ('points', 'skeleton/points'):
            for shape in element.findall(path):
                label, points = _shape(shape)
                found += points
                counts[label] += len(points)
        size = _size(element)
    except Refused as error:
        problem = error.text(with_where=False)
        return PointRecord(where, image, problem=problem)
    names, xs, ys, visible = zip(*found) if found else ((), (), (), ())
    return PointRecord(
        where,
        image,
        np.array([xs, ys], dtype=float).T.reshape(-1, 2),
        visible=np.array(visible),
        names=names,
        counts=_counts(counts),
        size=size,
    )


def _counts(counts: Counter) -> dict[str, int]:
    """How many points each label has; labels that are numbers count as one
    shape, as a number is no name."""
    numbers = [label for label in counts if is_number(label)]
    named = {k: n for k, n in counts.items() if not is_number(k)}
    return named | ({'': len(numbers)} if numbers else {})


def _shape(shape) -> tuple[str, list[tuple[str, float, float, int]]]:
    """A shape's label and its points: name, x, y, visibility."""
    label = shape.get('label', '').strip()
    text = shape.get('points', '')
    try:
        pairs = [
            tuple(map(finite_or_nan, pair.split(',')))
            for pair in text.split(';')
        ]
    except ValueError:
        pairs = [()]
    if not label or any(len(pair) != 2 for pair in pairs):
        raise Refused(
            found=f'label {label[:40]!r} with points={text[:40]!r}',
            expected='a label, and x,y of each point',
        )
    visible = 2
    for key, value in (('occluded', 1), ('outside', 0)):
        if _flag(shape, key):
            visible = value
    if len(pairs) == 1:
        return label, [(label, *pairs[0], visible)]
    return label, [
        (f'{label}_{i}', *pair, visible) for i, pair in enumerate(pairs, 1)
    ]


def _flag(shape, key: str) -> bool:
    text = shape.get(key, '0').strip().lower()
    if text not in ('0', '1', 'false', 'true'):
        raise Refused(found=f'{key}={text[:40]!r}', expected='0 or 1')
    return text in ('1', 'true')


def _size(element) -> tuple[int, int] | None:
    sides = [element.get('width'), element.get('height')]
    if None in sides:
        return None
    if not all(side.isdecimal() and len(side) < 8 for side in sides) or (
        0 in map(int, sides)
    ):
        raise Refused(
            found=f'width={sides[0][:40]!r} height={sides[1][:40]!r}',
            expected='whole pixels',
        )
    return int(sides[0]), int(sides[1])
