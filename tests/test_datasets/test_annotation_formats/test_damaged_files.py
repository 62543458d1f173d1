"""Whatever happened to a file: records, or words for people."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmpose_ctd.datasets.annotation_formats import FORMATS, Source
from mmpose_ctd.errors import InputError

WHOLE = {
    'tps': 'LM=2\n1.5 2\n3 4\nIMAGE=a.jpg\nID=0\nSCALE=0.5\nLM=1\n5 6\n'
    'CURVES=1\nPOINTS=1\n7 8\nIMAGE=b.jpg\n',
    'pts': 'version: 1\nn_points: 2\n{\n1.5 2\n3 4\n}\n',
    'tem': '2\n1.5\t2\n3\t4\n1\n0\n2\n0 1\n',
    'csv': 'image,n_x,n_y,m_x,m_y,age\na.jpg,1.5,2,3,4,7\nb.jpg,5,6,,,8\n',
    'coco': '{"images":[{"id":1,"file_name":"a.jpg","width":9,"height":9}],'
    '"annotations":[{"id":1,"image_id":1,"keypoints":[1.5,2,2]}],'
    '"categories":[{"id":1,"keypoints":["n"]}]}',
    'labelme': '{"shapes":[{"label":"n","shape_type":"point","points":'
    '[[1.5,2]]}],"imagePath":"a.jpg","imageWidth":9,"imageHeight":9}',
    'cvat': '<annotations><image id="0" name="a.jpg" width="9" height="9">'
    '<points label="n" points="1.5,2"/></image></annotations>',
}
PIECES = ['', '-', '1e999', 'NaN', 'null', '\0', '\n', ',', '{', '"', 'é']


@pytest.mark.parametrize('kind', WHOLE)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_damaged_file_gives_records_or_an_input_error(tmp_path, kind, data):
    text = WHOLE[kind]
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 9)))
        piece = data.draw(st.sampled_from(PIECES))
        text = text[:start] + piece + text[end:]
    path = tmp_path / f'x{FORMATS[kind].suffixes[0]}'
    path.write_text(text, encoding='utf-8')
    try:
        reading = FORMATS[kind].read([Source(str(path), path.name)])
    except InputError as error:
        assert str(error)
        return
    for record in reading.records:
        assert isinstance(record.image, str)
        if record.problem is not None:
            assert record.problem
            continue
        assert not np.isinf(record.points).any()
        assert record.visible.shape == (len(record.points),)
        assert np.isfinite(record.points[record.visible > 0]).all()
        if record.names is not None:
            assert len(record.names) == len(record.points)
            assert len({*record.names}) == len(record.names)
