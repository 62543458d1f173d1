"""What is left out and told."""

import json
from pathlib import Path

import numpy as np
import pytest
from clinic_folder import NAMES, face_points, make_clinic, wide_csv
from PIL import Image
from prepared_points import SIZE, codes, prepare_points

from mmpose_ctd.datasets.annotation_formats import PointRecord, Refused
from mmpose_ctd.datasets.preparation import PrepareOptions, prepare
from mmpose_ctd.datasets.preparation.landmark_choice import read_landmarks
from mmpose_ctd.datasets.preparation.plausibility import scale_notes


def test_a_missing_photograph_is_left_out(tmp_path, clinic):
    clinic['gone.jpg'] = face_points(SIZE)
    report = prepare_points(tmp_path, clinic)
    assert codes(report) == {4: 'image missing'}
    assert report.exit_status == 1
    assert len(report.used) == 3


def test_a_broken_photograph_is_left_out(tmp_path, clinic):
    path = tmp_path / 'photos' / next(iter(clinic))
    path.write_bytes(path.read_bytes()[:400])
    report = prepare_points(tmp_path, clinic)
    assert codes(report) == {1: 'image broken'}
    assert str(tmp_path) not in report.rows[1].reason
    assert 'cut off or damaged' in report.rows[1].reason
    assert 'not processed' not in report.rows[1].reason
    assert 'truncated' not in report.rows[1].reason


def test_an_ambiguous_photograph_is_left_out_with_candidates(tmp_path, clinic):
    name = next(iter(clinic))
    copy = (tmp_path / 'photos' / name).with_suffix('.bmp')
    Image.open(tmp_path / 'photos' / name).save(copy)
    points = clinic.pop(name)
    report = prepare_points(tmp_path, {Path(name).stem: points, **clinic})
    assert codes(report) == {1: 'ambiguous'}
    assert len(report.rows[1].candidates) == 2


def test_points_outside_are_left_out(tmp_path, clinic):
    name = next(iter(clinic))
    clinic[name] = clinic[name] + 200
    report = prepare_points(tmp_path, clinic)
    assert codes(report) == {1: 'outside'}
    assert 'landmark exo_R at (' in report.rows[1].reason
    assert 'as do 4 more' in report.rows[1].reason


@pytest.mark.parametrize('is_missing', [False, True])
def test_points_at_zero_are_asked_about(tmp_path, clinic, is_missing):
    name = next(iter(clinic))
    clinic[name][1] = 0
    report = prepare_points(tmp_path, clinic, dict(zero_is_missing=is_missing))
    if is_missing:
        assert report.exit_status == 0
        assert report.points == 3 * len(NAMES) - 1
    else:
        assert codes(report) == {1: 'at 0, 0'}
        assert '--zero-is-missing' in report.rows[1].reason


def test_a_record_without_points_is_left_out(tmp_path, clinic):
    clinic[next(iter(clinic))][:] = np.nan
    assert codes(prepare_points(tmp_path, clinic)) == {1: 'no points'}


@pytest.mark.parametrize('which, left', [('first', 4), ('last', 1)])
def test_of_two_records_of_a_photograph_one_is_used(
    tmp_path, clinic, which, left
):
    name, points = next(iter(clinic.items()))
    text = wide_csv(clinic)
    again = wide_csv({name: points + (3, 4)}).splitlines()[1]
    (tmp_path / 'points.csv').write_text(text + again + '\n')
    report = prepare_points(tmp_path, None, dict(duplicates=which))
    assert codes(report) == {left: 'duplicate'}
    assert '5.0 px from it' in report.rows[left].reason


def test_a_copy_under_another_name_is_told(tmp_path, clinic):
    name = next(iter(clinic))
    data = (tmp_path / 'photos' / name).read_bytes()
    (tmp_path / 'photos/copy.png').write_bytes(data)
    clinic['copy.png'] = clinic[name]
    report = prepare_points(tmp_path, clinic)
    assert report.exit_status == 0
    assert ('same', 'is the very photograph of record 1') in (
        report.rows[4].notes
    )


def test_another_size_than_labelled_is_left_out(tmp_path, clinic):
    lines = wide_csv(clinic).splitlines()
    lines[0] += ',width,height'
    lines[1:] = [f'{line},160,200' for line in lines[1:]]
    lines[2] = lines[2].replace('160,200', '320,400')
    (tmp_path / 'points.csv').write_text('\n'.join(lines))
    report = prepare_points(tmp_path)
    assert codes(report) == {2: 'size differs'}
    assert 'another version' in report.rows[2].reason


def test_an_unknown_subject_is_left_out_not_invented(tmp_path, clinic):
    report = prepare_points(
        tmp_path, clinic, dict(subject_pattern='^(child0)_')
    )
    assert codes(report) == {3: 'subject unknown'}
    table = tmp_path / 'subjects.csv'
    table.write_text('image,subject\nchild0_visit0,P1\nchild1_visit0,\n')
    (tmp_path / 'set').rename(tmp_path / 'other')
    report = prepare_points(tmp_path, clinic, table=str(table))
    assert codes(report) == {2: 'subject unknown', 3: 'subject unknown'}


def test_where_nobody_is_known_that_is_said_loudly(tmp_path, clinic):
    report = prepare_points(tmp_path, clinic)
    assert report.subjects == 3
    assert 'NO SUBJECT IS KNOWN' in report.warnings[0]


@pytest.mark.parametrize('title', ['ID', 'record_id', 'Case No'])
def test_a_column_that_may_be_the_subject_is_named(tmp_path, clinic, title):
    table = tmp_path / 'subjects.csv'
    rows = ''.join(f'{name},7,0\n' for name in clinic)
    table.write_text(f'image,{title},covid\n{rows}')
    report = prepare_points(tmp_path, clinic, table=str(table))
    assert repr(title) in report.warnings[0]
    assert 'covid' not in report.warnings[0]


def test_ids_that_are_alike_are_told_without_them(tmp_path, clinic):
    table = tmp_path / 'subjects.csv'
    rows = [f'{n},{s}\n' for n, s in zip(clinic, ('Ann-7', 'ann 07', 'Bob'))]
    table.write_text('image,subject\n' + ''.join(rows))
    report = prepare_points(tmp_path, clinic, table=str(table))
    (warning,) = [w for w in report.warnings if 'alike' in w]
    assert '1 group of' in warning and 'Records 1, 2.' in warning
    assert 'ann' not in warning.lower()


def test_swapped_sides_are_told(tmp_path, clinic):
    name = next(iter(clinic))
    clinic[name] = clinic[name][[1, 0, 2, 4, 3]]
    report = prepare_points(tmp_path, clinic)
    assert [code for code, _ in report.rows[1].notes] == ['sides']
    assert not report.rows[2].notes


def test_an_absurd_scale_is_told(tmp_path, clinic):
    table = tmp_path / 'subjects.csv'
    table.write_text(
        'image,subject,mm_per_px\n'
        + ''.join(f'{n},P,{s}\n' for n, s in zip(clinic, (0.5, 50, -1)))
    )
    report = prepare_points(tmp_path, clinic, table=str(table))
    assert codes(report) == {3: 'scale'}
    assert [c for c, _ in report.rows[2].notes] == ['scale']
    assert not report.rows[1].notes


def test_a_misspelt_label_is_told(tmp_path):
    make_clinic(tmp_path / 'photos', count=3, size=SIZE)
    rows = ['image,landmark,x,y']
    for i, name in enumerate(sorted((tmp_path / 'photos').iterdir())):
        rows.append(f'{name.name},{"exoR" if i == 1 else "exo_R"},60,80')
        rows.append(f'{name.name},n,90,110')
    (tmp_path / 'points.csv').write_text('\n'.join(rows))
    report = prepare_points(tmp_path)
    assert any('exoR in 1' in note for note in report.notes)


def test_faces_upside_down_are_noticed(tmp_path, clinic):
    """The y axis of the file points the other way than is said."""
    names = ('exocanthion_R', 'exocanthion_L', 'subnasale', 'a', 'b')
    (tmp_path / 'points.csv').write_text(wide_csv(clinic, names))
    report = prepare_points(tmp_path)
    assert not any(row.notes for row in report.used)
    assert not any('UPSIDE' in text for text in report.warnings)
    (tmp_path / 'set').rename(tmp_path / 'other')
    report = prepare_points(tmp_path, None, dict(y_axis='up'))
    assert all('upside down' in dict(row.notes) for row in report.used)
    assert any('MOST FACES ARE UPSIDE DOWN' in t for t in report.warnings)


@pytest.mark.parametrize('orientation', [6, 8])
def test_faces_clicked_on_their_side_are_noticed(tmp_path, orientation):
    """The tool ignored EXIF and nobody said so."""
    square = (200, 200)
    exif = Image.Exif()
    exif[0x0112] = orientation
    clinic = make_clinic(tmp_path / 'photos', 2, square, exif=exif)
    # As upright as they are stored, so that they lie when turned.
    report = prepare_points(tmp_path, clinic, dict(frame='upright'))
    assert not any(row.notes for row in report.used)
    (tmp_path / 'set').rename(tmp_path / 'other')
    report = prepare_points(tmp_path, clinic, dict(frame='stored'))
    assert all('sideways' in dict(row.notes) for row in report.used)
    assert any('LIE ON THEIR SIDE' in text for text in report.warnings)


@pytest.mark.parametrize('shift', [1, -1])
def test_names_that_are_off_by_one_are_noticed_first(tmp_path, clinic, shift):
    shifted = {n: np.roll(p, shift, axis=0) for n, p in clinic.items()}
    report = prepare_points(tmp_path, shifted)
    assert all('names' in dict(row.notes) for row in report.used)
    assert any('--count-from' in text for text in report.warnings)
    assert not any('SIDE' in text for text in report.warnings)


@pytest.mark.real_data
def test_real_faces_are_upright_and_have_their_sides(tmp_path, shared_root):
    root = shared_root / 'data/frl_faces'
    options = dict(crop='face')
    content = json.loads((root / 'annotations/landmarks19.json').read_text())
    del content['images'][12:], content['annotations'][12:]
    (tmp_path / 'points.json').write_text(json.dumps(content))

    def notes(**more):
        report = prepare(
            str(root / 'images'),
            str(tmp_path / 'points.json'),
            str(tmp_path / 'set'),
            PrepareOptions(**options, **more),
            dry_run=True,
            progress=False,
        )
        assert report.exit_status == 0
        return [{code for code, _ in row.notes} for row in report.used]

    assert all(found <= {'small'} for found in notes())
    assert all('upside down' in found for found in notes(y_axis='up'))


@pytest.mark.parametrize(
    ('scale', 'told'),
    [
        (0.32, None),
        (0.032, 'inner eye corners are 3.2 mm apart; people have 12 to 55'),
        (3.2, 'inner eye corners are 320 mm apart; people have 12 to 55'),
    ],
)
def test_a_scale_of_another_unit_is_told_by_the_eyes(scale, told):
    names = ('endocanthion_R', 'endocanthion_L', 'gnathion')
    points = np.array([[100.0, 100], [200, 100], [150, 330]])
    found = scale_notes(scale, points, np.ones(3, bool), names)
    assert [code for code, _ in found] == ([] if told is None else ['scale'])
    assert told is None or told in found[0][1]
    # Without one of the corners, all landmarks are asked.
    found = scale_notes(scale, points, np.array([0, 1, 1], bool), names)
    assert len(found) == (scale > 3)


def test_a_cell_that_is_no_number_is_named_with_its_column(tmp_path, clinic):
    table = tmp_path / 'subjects.csv'
    table.write_text(
        'image,subject,age,sex\n'
        'child0_visit0,P1,05.03.2019,div\n'
        'child0_visit1,P1,5,F\n'
        'child1_visit0,P2,,m\n'
    )
    report = prepare_points(tmp_path, clinic, table=str(table))
    assert codes(report) == {1: 'bad cell'}
    assert "age='05.03.2019' is no number, expected years" in (
        report.rows[1].reason
    )
    assert any("sex='div' is taken over" in note for note in report.notes)


def test_who_expects_another_number_of_points_is_named(tmp_path, clinic):
    (tmp_path / 'names.txt').write_text('a\nb\n')
    choice = read_landmarks(str(tmp_path / 'names.txt'), [])
    record = PointRecord('a.pts', 'x', points=np.zeros((3, 2)))
    with pytest.raises(Refused, match=r'3 points; expected 2, as names\.txt'):
        choice.choose(record)


def test_missing_and_spoilt_cells_of_the_table_are_nobody(tmp_path):
    clinic = make_clinic(tmp_path / 'photos', count=6, size=SIZE)
    table = tmp_path / 'subjects.csv'
    cells = ['c1,4,female', '#N/A,4,f', '=A3,4,f', 'c4,-4,f', 'c5,450,', ',,']
    rows = [f'{name},{text}\n' for name, text in zip(clinic, cells)]
    table.write_text('image,subject,age,sex\n' + ''.join(rows))
    report = prepare_points(tmp_path, clinic, table=str(table))
    assert codes(report) == {
        2: 'subject unknown',
        3: 'bad cell',
        4: 'bad cell',
        5: 'bad cell',
        6: 'subject unknown',
    }
    text = (tmp_path / 'set/annotations/landmarks.json').read_text()
    (image,) = json.loads(text)['images']
    assert image['subject'] == 'c1' and image['sex'] == 'f'


def test_a_subject_that_the_points_lack_is_not_invented(tmp_path, clinic):
    first, *rows = wide_csv(clinic).splitlines()
    subjects = ['subject', 'A', 'unknown', '']
    lines = [','.join(p) for p in zip([first, *rows], subjects)]
    (tmp_path / 'points.csv').write_text('\n'.join(lines))
    report = prepare_points(tmp_path)
    assert codes(report) == {2: 'subject unknown', 3: 'subject unknown'}


@pytest.mark.parametrize(
    'file, image, is_used',
    [
        ('child0_visit0', 'child0_visit0.png', True),
        ('child0_visit0', 'child0_visit0.jpg', True),
        # The file has no photograph of its own name.
        ('first', 'child0_visit0.png', True),
        # The photographs and files were renumbered, not what they hold.
        ('child0_visit0', 'child0_visit1.png', False),
    ],
)
@pytest.mark.parametrize('apart', [True, False])
def test_a_file_called_as_another_photograph_is_left_out(
    tmp_path, clinic, file, image, is_used, apart
):
    folder = tmp_path / ('labels' if apart else 'photos')
    folder.mkdir(exist_ok=True)
    shapes = [
        dict(label=name, shape_type='point', points=[list(point)])
        for name, point in zip(NAMES, face_points(SIZE))
    ]
    content = dict(shapes=shapes, imagePath=image)
    (folder / f'{file}.json').write_text(json.dumps(content))
    report = prepare(
        str(tmp_path / 'photos'),
        str(folder),
        str(tmp_path / 'set'),
        PrepareOptions(crop='landmarks', size=64),
        dry_run=True,
        progress=False,
    )
    assert codes(report) == ({} if is_used else {1: 'ambiguous'})
    if not is_used:
        found = ['child0_visit0.png', 'child0_visit1.png']
        assert sorted(report.rows[1].candidates) == found
