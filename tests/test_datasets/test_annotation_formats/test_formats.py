"""The format of a file, and files of tools that are not read."""

import json

import pytest
from refusals import refused

from mmpose_ctd.datasets.annotation_formats import FORMATS, find_sources
from mmpose_ctd.errors import MissingFileError

FILES = {
    'tps': ('a.TPS', 'LM=1\n1 2\nIMAGE=a.jpg\n'),
    'pts': ('a.pts', 'version: 1\nn_points: 1\n{\n1 2\n}\n'),
    'tem': ('a.tem', '1\n1\t2\n0\n'),
    'csv': ('a.csv', 'image,n_x,n_y\na.jpg,1,2\n'),
    'coco': ('a.json', '{"images": [], "annotations": []}'),
    'labelme': ('a.json', '\ufeff{"shapes": []}'),
    'cvat': ('a.xml', '<annotations/>'),
}


def write(folder, kind, name=None):
    folder.mkdir(parents=True, exist_ok=True)
    file, text = FILES[kind]
    path = folder / (name or file)
    path.write_text(text, encoding='utf-8')
    return path


@pytest.mark.parametrize('kind', FILES)
def test_the_format_of_a_file_and_of_a_folder_is_found(tmp_path, kind):
    name = FILES[kind][0]
    known, (source,) = find_sources(str(write(tmp_path / 'siteA', kind)))
    assert (known.name, source.name) == (kind, name)
    write(tmp_path / 'siteB', kind)
    write(tmp_path, kind, f'._{name}')
    (tmp_path / 'notes.txt').write_text('exo_R\n')
    (tmp_path / 'photo.jpg').write_bytes(b'')
    table = tmp_path / 'subjects.csv'
    table.write_text('image,subject\n')
    others = frozenset({str(table)})
    known, sources = find_sources(str(tmp_path), None, others)
    assert known.name == kind
    assert [s.name for s in sources] == [f'siteA/{name}', f'siteB/{name}']


def test_a_single_text_file_is_a_table(tmp_path):
    assert find_sources(str(write(tmp_path, 'csv', 'a.txt')))[0].name == 'csv'


def test_a_cut_labelme_file_is_not_lost(tmp_path):
    (tmp_path / 'b.json').write_text('{"shapes": [')
    with refused('b.json'):
        find_sources(str(tmp_path))
    write(tmp_path, 'labelme')
    _, sources = find_sources(str(tmp_path))
    assert [s.name for s in sources] == ['a.json', 'b.json']


def test_a_path_without_one_format_is_refused(tmp_path):
    with refused('POINTS', kind=MissingFileError):
        find_sources(str(tmp_path / 'gone.tps'))
    with refused(expected='tps'):
        find_sources(str(tmp_path), 'dicom')
    (tmp_path / 'a.docx').write_bytes(b'PK')
    for path in (tmp_path, tmp_path / 'a.docx'):
        with refused(within='POINTS'):
            find_sources(str(path))
    write(tmp_path, 'tps')
    write(tmp_path, 'pts')
    with refused(cure='--format'):
        find_sources(str(tmp_path))
    assert find_sources(str(tmp_path), 'pts')[0].name == 'pts'


IMGLAB = '<dataset><images><image file="a"><box/></image></images></dataset>'
FOREIGN = {
    'a.json': [
        ('Label Studio', [{'data': {}, 'annotations': []}]),
        ('VGG', {'_via_img_metadata': {}}),
        ('MediaPipe', {'faceLandmarks': [[{'x': 0.1, 'y': 0.1}]]}),
        ('Slicer', {'@schema': 'x', 'markups': []}),
        ('COCO results', [{'image_id': 1, 'keypoints': []}]),
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
def test_a_file_of_another_tool_is_named(tmp_path, name, tool, content):
    is_text = isinstance(content, str)
    (tmp_path / name).write_text(content if is_text else json.dumps(content))
    for path in (tmp_path, tmp_path / name):
        with refused(name, found=tool, cure='image, landmark, x, y'):
            known, sources = find_sources(str(path))
            FORMATS[known.name].read(sources)


def test_a_column_of_who_clicked_is_not_deeplabcut(tmp_path):
    path = tmp_path / 'a.csv'
    path.write_text('scorer,image,n_x,n_y\nme,a.jpg,1,2\n')
    known, sources = find_sources(str(path))
    (record,) = known.read(sources).records
    assert record.points.tolist() == [[1, 2]]
