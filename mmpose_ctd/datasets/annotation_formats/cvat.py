"""Reads what CVAT exports as "CVAT for images 1.1" (``annotations.xml``)."""

from collections import Counter
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException, ElementTree

from mmpose_ctd.errors import InputError

from .cells import finite_or_nan
from .foreign import refuse_foreign_xml
from .point_record import Reading, ReadOptions, Refused, Source, is_number

_SHAPES = ('box', 'cuboid', 'ellipse', 'mask', 'polygon', 'polyline')


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read CVAT files: a record for each photograph with points.

    Points are known by their label, also those of skeletons. A shape of
    several points gives the names ``label_1``, ``label_2`` ..., and must have
    as many points in all photographs. What is marked outside is missing, what
    is occluded is hidden.

    Raises:
        InputError: If a file is not such XML, of a film, defines entities, or
            has no points.
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
                cure='Export the task as "CVAT for images 1.1" and unpack '
                'annotations.xml.',
            )
        others = Counter(e.tag for i in images for e in i if e.tag in _SHAPES)
        kinds = ', '.join(f'{n} {kind}' for kind, n in others.items())
        labelled = [
            image
            for image in images
            if {'points', 'skeleton'} & {shape.tag for shape in image}
        ]
        if not labelled:
            raise InputError(
                where=source.name,
                found=f'no points, but {kinds}' if kinds else 'no points',
                expected='shapes of the type points, or skeletons',
            )
        for image in labelled:
            reading.add(
                source,
                f'{source.name}, image {image.get("id", "?")}',
                image.get('name', ''),
                lambda i=image: _record(i),
            )
        bare = len(images) - len(labelled)
        if bare:
            reading.notes.append(
                f'{source.name}: {bare} of its {len(images)} photographs have '
                'no points.'
            )
        if others:
            reading.notes.append(
                f'{source.name}: shapes that are ignored: {kinds}'
            )
    return reading


def _root(source: Source) -> Element:
    try:
        return ElementTree.parse(source.path).getroot()
    except DefusedXmlException:
        found = 'XML entities, which CVAT never defines'
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        found = f'not an XML file, or cut off ({error})'
    raise InputError(where=source.name, found=found, cure='Export it again.')


def _record(element: Element) -> dict:
    if len(element.findall('skeleton')) > 1:
        raise Refused('more than one skeleton', 'one face')
    found: list[tuple] = []
    counts: Counter = Counter()
    for path in ('points', 'skeleton/points'):
        for shape in element.findall(path):
            label, points = _shape(shape)
            found += points
            # Labels that are numbers count as one shape: they are no names.
            if is_number(label):
                counts[''] += 1
            else:
                counts[label] += len(points)
    return dict(
        points=[(x, y) for _, x, y, _ in found],
        visible=[visible for *_, visible in found],
        names=tuple(name for name, *_ in found),
        counts=dict(counts),
        size=_size(element),
    )


def _shape(shape: Element) -> tuple[str, list[tuple[str, float, float, int]]]:
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
            f'label {label[:40]!r} with points={text[:40]!r}',
            'a label, and x,y of each point',
        )
    hidden, missing = _flag(shape, 'occluded'), _flag(shape, 'outside')
    visible = 0 if missing else 1 if hidden else 2
    if len(pairs) == 1:
        return label, [(label, *pairs[0], visible)]
    return label, [
        (f'{label}_{i}', *pair, visible) for i, pair in enumerate(pairs, 1)
    ]


def _flag(shape: Element, key: str) -> bool:
    text = shape.get(key, '0').strip().lower()
    if text not in ('0', '1', 'false', 'true'):
        raise Refused(f'{key}={text[:40]!r}', '0 or 1')
    return text in ('1', 'true')


def _size(element: Element) -> list[float]:
    sides = [element.get(key, '') for key in ('width', 'height')]
    try:
        return [*map(finite_or_nan, sides)]
    except ValueError:
        raise Refused(f'a size of {sides}', 'whole pixels') from None
