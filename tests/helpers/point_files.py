"""Points of a few photographs, written in every format and fashion.

The writers know nothing of the readers: a test compares what is read with
the model that was written.
"""

import json
from dataclasses import dataclass

from hypothesis import strategies as st

from mmpose_ctd.datasets.annotation_formats import (
    FORMATS,
    Reading,
    ReadOptions,
    Source,
)


def read_points(
    folder,
    kind: str,
    content,
    name: str | None = None,
    options: ReadOptions | None = None,
) -> Reading:
    """Write one file and read it; ``content`` is text, bytes or JSON."""
    path = folder / f'x{FORMATS[kind].suffixes[0]}'
    if not isinstance(content, (str, bytes)):
        content = json.dumps(content)
    if isinstance(content, str):
        content = content.encode()
    path.write_bytes(content)
    return FORMATS[kind].read([Source(str(path), name or path.name)], options)


#: Names that differ in more than case and spaces.
LANDMARKS = ('exo_R', 'exo_L', 'subnasale', 'n', 'gnathion')


@dataclass
class Model:
    """What is true: photograph -> landmark -> (x, y), None where missing.

    Attributes:
        points (dict[str, dict[str, tuple | None]]): By photograph, without
            its extension.
        scale (dict[str, float | None]): By photograph.
    """

    points: dict
    scale: dict


# Quarters have at most two decimals: 1.034 may be a thousand.
_COORDINATE = st.integers(4, 8000).map(lambda v: v / 4)


@st.composite
def models(draw, missing: bool = True) -> Model:
    names = draw(st.permutations(LANDMARKS))[: draw(st.integers(1, 5))]
    photographs = [
        f'{letter}7' for letter in 'abcd'[: draw(st.integers(1, 4))]
    ]
    point = st.tuples(_COORDINATE, _COORDINATE)
    if missing:
        point = st.one_of(point, point, point, st.none())
    points = {p: {n: draw(point) for n in names} for p in photographs}
    scales = st.one_of(st.none(), st.sampled_from([0.05, 0.25, 12.5]))
    return Model(points, {p: draw(scales) for p in photographs})


def number(draw, value: float, comma: bool = False) -> str:
    text = draw(st.sampled_from([f'{value:.5f}', f'{value:g}', repr(value)]))
    return text.replace('.', ',') if comma else text


def _pair(draw, point, words, comma=False, between=' ') -> str:
    if point is None:
        word = draw(st.sampled_from(words))
        return f'{word}{between}{word}'
    return between.join(number(draw, v, comma) for v in point)


def tps(draw, model: Model, anywhere: bool = False) -> str:
    """Specimens with and without comments.

    ``anywhere``: lines may stand before LM=, where no reader knows whose
    they are.
    """
    comma = draw(st.booleans())
    lines = []
    for name, points in model.points.items():
        rows = [
            _pair(draw, p, ['-1', 'NA', '-1.00000', '-999'], comma)
            for p in points.values()
        ]
        head, inside, tail = [], [], []
        named = [f'IMAGE={name}.png', f'ID={name}']
        if model.scale[name] is not None:
            named.append(f'SCALE={number(draw, model.scale[name], comma)}')
        for line in draw(st.permutations(named)):
            places = [head, inside, tail] if anywhere else [inside, tail]
            draw(st.sampled_from(places)).append(line)
        if draw(st.booleans()):
            tail += ['CURVES=1', 'POINTS=2', '1 2', '3 4']
        if draw(st.booleans()):
            tail += ['COMMENT=the child moved,', 'second attempt']
        lines += [*head, f'LM={len(rows)}', *inside, *rows, *tail]
    return '\n'.join(lines) + '\n'


def csv(draw, model: Model, long: bool, numbered: bool = False) -> str:
    """A table of any country."""
    mark = draw(st.sampled_from([',', ';', '\t']))
    comma = mark != ',' and draw(st.booleans())
    words = ['NA', '-1', 'nan'] if numbered else ['', 'NA', '-1', 'nan']
    names = list(next(iter(model.points.values())))
    labels = {
        n: str(3 * i + 2) if numbered else n for i, n in enumerate(names)
    }
    rows = []
    if long:
        rows.append(['image', 'landmark', 'x', 'y'])
        for image, points in model.points.items():
            for name, point in points.items():
                cells = _pair(draw, point, words, comma, '|').split('|')
                rows.append([f'{image}.png', labels[name], *cells])
    else:
        titles = [f'{labels[n]}_{axis}' for n in names for axis in 'xy']
        if numbered:
            titles = [f'{axis}{labels[n]}' for n in names for axis in 'xy']
        rows.append(['image', *titles])
        for image, points in model.points.items():
            row = [f'{image}.png']
            for name in names:
                row += _pair(draw, points[name], words, comma, '|').split('|')
            rows.append(row)
    return '\n'.join(map(mark.join, rows)) + '\n'


def pts(draw, points: dict) -> str:
    rows = [_pair(draw, p, ['NaN', '-1']) for p in points.values()]
    return '\n'.join(
        ['version: 1', f'n_points: {len(rows)}', '{', *rows, '}', '']
    )


def tem(draw, points: dict) -> str:
    rows = [
        _pair(draw, p, ['-1', '-999'], between='\t') for p in points.values()
    ]
    lines = draw(st.integers(0, 2))
    drawn = [f'0\n1\n{draw(st.integers(0, len(rows) - 1))}'] * lines
    surplus = [str(lines - 1)] * (lines > 0 and draw(st.booleans()))
    return '\n'.join([str(len(rows)), *rows, str(lines), *drawn, *surplus, ''])


def coco(draw, model: Model) -> dict:
    names = list(next(iter(model.points.values())))
    images, annotations = [], []
    for i, (image, points) in enumerate(model.points.items(), 1):
        images.append(
            dict(id=i, file_name=f'{image}.png', width=2100, height=2200)
        )
        values = []
        for name in names:
            seen = draw(st.sampled_from([[0, 0, 0], [-1, -1, 2], [5, 5, 0]]))
            values += seen if points[name] is None else [*points[name], 2]
        annotations.append(
            dict(id=i, image_id=i, category_id=1, keypoints=values)
        )
    category = dict(id=1, name='face', keypoints=names, skeleton=[])
    return dict(images=images, annotations=annotations, categories=[category])


def labelme(draw, image: str, points: dict) -> dict:
    shapes = [
        dict(label=name, shape_type='point', points=[list(point)], flags={})
        for name, point in points.items()
        if point is not None
    ]
    return dict(
        shapes=[*draw(st.permutations(shapes))],
        imagePath=f'{image}.png',
        imageWidth=2100,
        imageHeight=2200,
        imageData=None,
    )


def cvat(draw, model: Model) -> str:
    images = []
    for i, (image, points) in enumerate(model.points.items()):
        shapes = []
        for name, point in points.items():
            x, y = point or (7, 7)
            shapes.append(
                f'<points label="{name}" occluded="{draw(st.integers(0, 1))}" '
                f'outside="{int(point is None)}" points="{x:.2f},{y:.2f}"/>'
            )
        images.append(
            f'<image id="{i}" name="{image}.png" width="2100" height="2200">'
            + '\n'.join(draw(st.permutations(shapes)))
            + '</image>'
        )
    return '<annotations>\n' + '\n'.join(images) + '\n</annotations>'


JUNK = st.sampled_from(
    [None, True, [], {}, '', 'x', '\0', [[]], [1], {'a': 1}, -1e999, 10**400]
)


@st.composite
def damaged_json(draw, content):
    """One value somewhere in it deleted, or replaced by what is no number."""
    content = json.loads(json.dumps(content))
    places = []

    def walk(value):
        if isinstance(value, (dict, list)):
            keys = value if isinstance(value, dict) else range(len(value))
            for key in keys:
                places.append((value, key))
                walk(value[key])

    walk(content)
    parent, key = draw(st.sampled_from(places))
    if draw(st.booleans()):
        del parent[key]
    else:
        parent[key] = draw(JUNK)
    return content


@st.composite
def damaged_lines(draw, text: str, junk: list[str]) -> str:
    """One line deleted, repeated, put elsewhere, or one added."""
    lines = text.rstrip('\n').split('\n')
    i = draw(st.integers(0, len(lines) - 1))
    how = draw(st.sampled_from(['delete', 'repeat', 'add', 'cut']))
    if how == 'delete':
        del lines[i]
    elif how == 'repeat':
        lines.insert(i, lines[i])
    elif how == 'add':
        lines.insert(i, draw(st.sampled_from(junk)))
    else:
        del lines[i:]
    return '\n'.join(lines) + '\n'
