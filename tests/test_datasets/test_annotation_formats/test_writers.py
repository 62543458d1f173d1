"""What is written is read back, and is where the tool shows it."""

import os
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused

from mmpose_ctd.datasets.annotation_formats import (
    FORMATS,
    PhotographPoints,
    find_sources,
)
from mmpose_ctd.datasets.annotation_formats.point_record import plain_name
from mmpose_ctd.datasets.preparation.picture import to_upright
from mmpose_ctd.datasets.upright_image import Photograph

NAMELESS = {'tps', 'pts', 'tem'}
# Half of the last decimal that is written.
PRECISION = 0.51e-4
SIGNS = string.ascii_letters + '0123456789éß=-+@_()&<>"\''


def texts(last: str):
    """Distinct texts, also in tables and XML; none begins with a blank."""
    body = st.text(SIGNS + ' ;,', max_size=6)
    return st.tuples(body, st.sampled_from(string.ascii_letters)).map(
        lambda pair: ''.join(pair).strip() + last
    )


@st.composite
def labelled(draw, kind):
    """Photographs in folders, and names of landmarks."""
    distinct = dict(unique_by=plain_name, min_size=1, max_size=3)
    names = draw(st.lists(texts('_R'), **distinct))
    # Readers of tps take quotes around a name away.
    plain = texts('').filter(
        lambda name: name[0] not in '"\'' + '=' * (kind == 'tps')
    )
    files = draw(st.lists(plain, **distinct))
    photographs = []
    for file in files:
        width, height = draw(st.tuples(*[st.integers(2, 6000)] * 2))
        point = st.tuples(
            st.floats(0.01, width - 1), st.floats(0.01, height - 1)
        )
        points = draw(
            st.lists(
                st.one_of(point, st.just((np.nan, np.nan))),
                min_size=len(names),
                max_size=len(names),
            )
        )
        if np.isnan(points).all():
            points[0] = (1.0, 0.5)
        folder = draw(st.sampled_from(['', 'sub/']))
        photographs.append(
            PhotographPoints(
                f'{folder}{file}.jpg', (width, height), np.array(points)
            )
        )
    return photographs, names


def read(kind, folder):
    known, sources = find_sources(str(folder), kind)
    return known, known.read(sources).records


@pytest.mark.parametrize('kind', FORMATS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_back(tmp_path_factory, kind, data):
    photographs, names = data.draw(labelled(kind))
    folder = tmp_path_factory.mktemp('points')
    files = FORMATS[kind].write(photographs, names, str(folder))
    assert all((folder / file).is_file() for file in files)
    known, records = read(kind, folder)
    found = {os.path.splitext(record.image)[0]: record for record in records}
    assert len(found) == len(photographs)
    for photo in photographs:
        record = found[os.path.splitext(photo.image)[0]]
        assert record.problem is None
        upright = to_upright(
            record.points,
            Photograph(photo.size),
            False,
            known.first_pixel,
            known.y_up,
        )
        assert record.size in (None, photo.size)
        if kind in NAMELESS:
            assert record.names is None
            own = dict(zip(names, upright, strict=True))
        else:
            assert record.image == photo.image
            own = dict(zip(record.names, upright, strict=True))
        for name, point in zip(names, photo.points, strict=True):
            np.testing.assert_allclose(
                own.get(name, [np.nan] * 2), point, rtol=0, atol=PRECISION
            )


@pytest.mark.parametrize(
    ('kind', 'text'),
    [
        # The centre of the pixel in column 10, row 20, of 100x80 pixels.
        ('tps', 'LM=1\n10.5000 59.5000\nIMAGE=a.jpg'),
        ('pts', '{\n11.0000 21.0000\n}'),
        ('tem', '1\n10.0000\t20.0000\n0'),
        ('csv', 'a.jpg,nose,10.0000,20.0000'),
        ('coco', '"keypoints": [10.0, 20.0, 2]'),
        ('labelme', '10.5,\n          20.5'),
        ('cvat', 'points="10.5000,20.5000"'),
    ],
)
def test_a_point_is_where_the_tool_shows_it(tmp_path, kind, text):
    photo = PhotographPoints('a.jpg', (100, 80), np.array([[10.0, 20.0]]))
    (file,) = FORMATS[kind].write([photo], ['nose'], str(tmp_path))
    written = (tmp_path / file).read_text('utf-8').replace('\r\n', '\n')
    assert text in written


@pytest.mark.parametrize('kind', ['labelme', 'pts', 'tem'])
def test_photographs_that_would_share_a_file_are_refused(tmp_path, kind):
    points = np.array([[1.0, 2.0]])
    photographs = [
        PhotographPoints(name, (9, 9), points) for name in ('a.jpg', 'a.png')
    ]
    with refused('a.png'):
        FORMATS[kind].write(photographs, ['nose'], str(tmp_path))
    assert not [*tmp_path.iterdir()]
