"""Files of tools that are not read say whose they are."""

import json

import pytest

from mmpose_ctd.datasets.annotation_formats import FORMATS, find_sources
from mmpose_ctd.errors import InputError

IMGLAB = '<dataset><images><image file="a"><box/></image></images></dataset>'
FOREIGN = {
    'a.json': [
        ('Label Studio', [{'data': {}, 'annotations': []}]),
        ('VGG', {'_via_img_metadata': {}}),
        ('VGG', {'a.jpg1': {'filename': 'a.jpg', 'regions': []}}),
        ('OpenPose', {'version': 1.3, 'people': []}),
        ('MediaPipe', {'faceLandmarks': [[{'x': 0.1, 'y': 0.1}]]}),
        ('Slicer', {'@schema': 'x', 'markups': []}),
        ('SLEAP', {'skeletons': [], 'videos': []}),
    ],
    'a.xml': [
        ('imglab', IMGLAB),
        ('VOC', '<annotation><object/></annotation>'),
    ],
    'a.csv': [
        ('DeepLabCut', 'scorer,me,me\nbodyparts,n,n\ncoords,x,y\na,1,2\n'),
        ('VGG', 'filename,region_count,region_shape_attributes\na,1,{}\n'),
    ],
    'a.fcsv': [('Slicer', '# Markups fiducial file version = 4.11\n')],
    'a.slp': [('SLEAP', 'x')],
}


@pytest.mark.parametrize(
    'name, tool, content',
    [(name, *case) for name, cases in FOREIGN.items() for case in cases],
)
@pytest.mark.parametrize('in_folder', [False, True])
def test_another_tool_is_named(tmp_path, name, tool, content, in_folder):
    path = tmp_path / name
    is_text = isinstance(content, str)
    path.write_text(content if is_text else json.dumps(content))
    with pytest.raises(InputError) as error:
        known, sources = find_sources(str(tmp_path if in_folder else path))
        FORMATS[known.name].read(sources)
    assert tool in error.value.found
    assert error.value.where == name
    assert 'image, landmark, x, y' in error.value.cure


def test_a_column_of_who_clicked_is_not_deeplabcut(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_text('scorer,image,n_x,n_y\nme,a.jpg,1,2\n')
    known, sources = find_sources(str(path))
    (record,) = known.read(sources).records
    assert record.points.tolist() == [[1, 2]]


def test_broken_json_in_a_folder_is_not_passed_over(tmp_path):
    (tmp_path / 'a.json').write_text('{"shapes": [')
    with pytest.raises(InputError) as error:
        find_sources(str(tmp_path))
    assert error.value.where == 'a.json'
