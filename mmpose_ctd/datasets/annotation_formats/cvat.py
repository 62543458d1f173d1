"""Reads what CVAT exports as "CVAT for images 1.1" (``annotations.xml``)."""

import numpy as np
from defusedxml import DefusedXmlException, ElementTree

from .point_record import PointRecord, Reading, Refused, Source

__all__ = ['read']


def read(sources: list[Source]) -> Reading:
    """Read CVAT files: points by their label, and skeletons.

    A shape of several points gives the names ``label_1``, ``label_2`` ...
    What is marked as outside is missing, what is occluded is hidden.

    Args:
        sources (list[Source]): The files.

    Returns:
        Reading: A record for each photograph of the file that has points.

    Raises:
        InputError: If a file is no such XML, of a film, or defines entities.
    """
    reading = Reading()
    for source in sources:
        root = _root(source)
        images = root.findall('image')
        if not images:
            film = (
                ' It is of a film.' if root.find('track') is not None else ''
            )
            raise Refused(
                f'{source.name}: has no <image>.{film} Export the task as '
                '"CVAT for images 1.1" and unpack annotations.xml.'
            )
        bare = 0
        for element in images:
            if (
                element.find('points') is None
                and element.find('skeleton') is None
            ):
                bare += 1
                continue
            reading.records.append(_record(source.name, element))
        if bare:
            reading.notes.append(
                f'{source.name}: {bare} of its {len(images)} photographs have '
                'no points.'
            )
    return reading


def _root(source: Source):
    try:
        return ElementTree.parse(source.path).getroot()
    except DefusedXmlException as error:
        raise Refused(
            f'{source.name}: defines XML entities, which CVAT never does; '
            'refused. Export it anew.'
        ) from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise Refused(
            f'{source.name}: no XML file, or cut off ({error}). Export it '
            'anew.'
        ) from error


def _record(file: str, element) -> PointRecord:
    image = element.get('name', '')
    where = f'{file}, image {element.get("id", "?")}'
    try:
        if len(element.findall('skeleton')) > 1:
            raise Refused('has more than one skeleton; expected one face')
        found: dict[str, tuple] = {}
        for shape in element.findall('points'):
            _add(found, shape)
        for shape in element.findall('skeleton/points'):
            _add(found, shape)
        width, height = element.get('width'), element.get('height')
        size = (int(width), int(height)) if width and height else None
    except ValueError as error:
        return PointRecord(where, image, problem=str(error))
    values = np.array([*found.values()], dtype=float).reshape(-1, 3)
    return PointRecord(
        where,
        image,
        np.where(values[:, 2:] > 0, values[:, :2], np.nan),
        visible=values[:, 2],
        names=tuple(found),
        size=size,
    )


def _add(found: dict[str, tuple], shape) -> None:
    """Add the points of a shape: name -> x, y, visibility."""
    label = shape.get('label', '').strip()
    text = shape.get('points', '')
    try:
        points = [
            tuple(map(float, pair.split(','))) for pair in text.split(';')
        ]
    except ValueError:
        points = [()]
    if not label or any(len(point) != 2 for point in points):
        raise Refused(f'label {label!r} has points={text[:40]!r}')
    visible = 1 if shape.get('occluded') == '1' else 2
    if shape.get('outside') == '1':
        visible = 0
    for number, (x, y) in enumerate(points, 1):
        name = label if len(points) == 1 else f'{label}_{number}'
        if name in found:
            raise Refused(
                f'the label {name!r} is there more than once; expected one '
                'face, each landmark once'
            )
        found[name] = (x, y, visible)
