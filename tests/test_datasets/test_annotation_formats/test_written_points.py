"""Written points are read as they were; damaged ones are read right, or
refused."""

import json

import numpy as np
import point_files as files
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmpose_ctd.datasets.annotation_formats import FORMATS, Source
from mmpose_ctd.errors import InputError

quick = settings(
    # There are thirty of these; see the profile "long" in conftest.py.
    max_examples=settings.default.max_examples // 4,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ],
)
# Kind, and whether its points have names.
KINDS = {
    'tps': False,
    'pts': False,
    'tem': False,
    'wide': True,
    'long': True,
    'wide numbers': False,
    'long numbers': False,
    'coco': True,
    'labelme': True,
    'cvat': True,
}
JUNK = ['', '3 4', 'a note', 'LM=1', 'IMAGE=b7.png', 'SCALE=2', '{', '}', '1']
PIECES = ['', '-', '1e999', 'NaN', 'null', '\0', '\n', ',', '{', '"', 'é']


def write(draw, kind, model, anywhere=False) -> dict[str, str]:
    """The texts of the files, by name."""
    if kind == 'tps':
        return {'x.tps': files.tps(draw, model, anywhere)}
    if kind.startswith(('wide', 'long')):
        long, numbered = kind.startswith('long'), kind.endswith('numbers')
        return {'x.csv': files.csv(draw, model, long, numbered)}
    if kind == 'coco':
        return {'x.json': json.dumps(files.coco(draw, model))}
    if kind == 'cvat':
        return {'x.xml': files.cvat(draw, model)}
    found = {}
    for image, points in model.points.items():
        if kind == 'labelme':
            text = json.dumps(files.labelme(draw, image, points))
            found[f'{image}.json'] = text
        else:
            found[f'{image}.{kind}'] = getattr(files, kind)(draw, points)
    return found


def read(folder, kind, texts):
    sources = []
    for name, text in texts.items():
        (folder / name).write_text(text, encoding='utf-8', newline='')
        sources.append(Source(str(folder / name), name))
    format_name = 'csv' if kind.startswith(('wide', 'long')) else kind
    return FORMATS[format_name].read(sources).records


def assert_right(record, model, named, any_scale=False):
    """A record's points are the model's; a missing one may be missing."""
    image = record.image.removesuffix('.png')
    if image not in model.points:
        return
    true = model.points[image]
    if not named and len(record.points) != len(true):
        # Refused later, by the number of points in the others.
        return
    names = list(true) if record.names is None else record.names
    if record.numbers is not None:
        # As the writer numbers them.
        names = [list(true)[(number - 2) // 3] for number in record.numbers]
    assert named == (record.names is not None)
    for name, point in zip(names, record.points.tolist(), strict=True):
        if name in true and not np.isnan(point).all():
            assert point == list(true[name] or ()), (name, record)
    if not any_scale:
        # An added SCALE=2 is sound: nothing says that it was not meant.
        assert record.scale in (None, 2, model.scale[image])


@pytest.mark.parametrize('kind', KINDS)
@quick
@given(data=st.data())
def test_written_points_are_read(tmp_path, kind, data):
    model = data.draw(files.models())
    records = read(tmp_path, kind, write(data.draw, kind, model))
    found = {record.image.removesuffix('.png'): record for record in records}
    assert list(found) == list(model.points)
    for image, record in found.items():
        assert record.problem is None
        assert_right(record, model, KINDS[kind])
        known = np.isfinite(record.points).all(axis=1).sum()
        true = [p for p in model.points[image].values() if p is not None]
        assert known == len(true) == (record.visible > 0).sum()
        if kind == 'tps':
            assert record.scale == model.scale[image]


@pytest.mark.parametrize('kind', KINDS)
@quick
@given(data=st.data())
def test_damaged_points_are_right_or_refused(tmp_path, kind, data):
    model = data.draw(files.models())
    anywhere = data.draw(st.booleans())
    texts = write(data.draw, kind, model, anywhere)
    name = data.draw(st.sampled_from([*texts]))
    whole = texts[name]
    if kind in ('coco', 'labelme'):
        content = data.draw(files.damaged_json(json.loads(whole)))
        texts[name] = json.dumps(content)
    else:
        texts[name] = data.draw(files.damaged_lines(whole, JUNK))
    for record in read_or_refused(tmp_path, kind, texts):
        # Who has a SCALE= before LM= is open where others have none.
        assert_right(record, model, KINDS[kind], anywhere)
    # Other characters may be other numbers, but sound ones.
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(whole)))
        end = data.draw(st.integers(start, min(len(whole), start + 9)))
        piece = data.draw(st.sampled_from(PIECES))
        whole = whole[:start] + piece + whole[end:]
    for record in read_or_refused(tmp_path, kind, {name: whole}):
        assert not np.isinf(record.points).any()
        assert record.visible.shape == (len(record.points),)
        assert np.isfinite(record.points[record.visible > 0]).all()
        if record.names is not None:
            assert len({*record.names}) == len(record.points)


def read_or_refused(folder, kind, texts):
    """The usable records; none if a file as a whole is refused."""
    try:
        records = read(folder, kind, texts)
    except InputError as error:
        assert error.found
        return []
    return [record for record in records if record.problem is None]
