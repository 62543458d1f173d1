"""Which format a file is of."""

import pytest

from mmpose_ctd.datasets.annotation_formats import find_sources
from mmpose_ctd.errors import InputError, MissingFileError

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
def test_the_format_of_a_file_is_found(tmp_path, kind):
    known, (source,) = find_sources(str(write(tmp_path, kind)))
    assert known.name == kind
    assert source.name == FILES[kind][0]


@pytest.mark.parametrize('kind', FILES)
def test_the_format_of_a_folder_is_found(tmp_path, kind):
    write(tmp_path / 'siteA', kind)
    write(tmp_path / 'siteB', kind)
    write(tmp_path, kind, '._' + FILES[kind][0])
    (tmp_path / 'notes.txt').write_text('exo_R\n')
    (tmp_path / 'photo.jpg').write_bytes(b'')
    known, sources = find_sources(str(tmp_path))
    assert known.name == kind
    name = FILES[kind][0]
    assert [s.name for s in sources] == [f'siteA/{name}', f'siteB/{name}']


def test_a_text_file_is_known_by_its_beginning(tmp_path):
    assert find_sources(str(write(tmp_path, 'tps', 'a.txt')))[0].name == 'tps'
    assert find_sources(str(write(tmp_path, 'pts', 'b.txt')))[0].name == 'pts'
    assert find_sources(str(write(tmp_path, 'csv', 'c.txt')))[0].name == 'csv'


def test_the_table_of_subjects_is_no_file_of_points(tmp_path):
    write(tmp_path, 'tps')
    table = tmp_path / 'subjects.csv'
    table.write_text('image,subject\n')
    known, _ = find_sources(str(tmp_path), None, frozenset({str(table)}))
    assert known.name == 'tps'


def test_a_cut_labelme_file_is_not_lost(tmp_path):
    write(tmp_path, 'labelme')
    (tmp_path / 'b.json').write_text('{"shapes": [')
    _, sources = find_sources(str(tmp_path))
    assert [s.name for s in sources] == ['a.json', 'b.json']


def test_several_formats_are_not_chosen_from(tmp_path):
    write(tmp_path, 'tps')
    write(tmp_path, 'pts')
    with pytest.raises(InputError, match='several formats.*--format'):
        find_sources(str(tmp_path))
    assert find_sources(str(tmp_path), 'pts')[0].name == 'pts'


def test_what_cannot_be_points_is_refused(tmp_path):
    (tmp_path / 'a.docx').write_bytes(b'PK')
    with pytest.raises(InputError, match='a.docx'):
        find_sources(str(tmp_path / 'a.docx'))
    with pytest.raises(InputError, match='no file of points'):
        find_sources(str(tmp_path))
    with pytest.raises(MissingFileError, match='does not exist'):
        find_sources(str(tmp_path / 'gone.tps'))
    with pytest.raises(InputError, match='expected one of tps'):
        find_sources(str(tmp_path), 'dicom')
