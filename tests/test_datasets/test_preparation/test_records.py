"""Records that are left out or noted."""

import json
from pathlib import Path

import numpy as np
import pytest
from clinic_folder import NAMES, face_points, make_clinic, wide_csv
from PIL import Image
from prepared_points import SIZE, codes, content_of, prepare_points


def test_missing_and_broken_photographs(tmp_path, clinic):
    path = tmp_path / 'photos' / next(iter(clinic))
    path.write_bytes(path.read_bytes()[:400])
    clinic['gone.jpg'] = face_points(SIZE)
    report = prepare_points(tmp_path, clinic)
    assert codes(report) == {1: 'image broken', 4: 'image missing'}
    assert report.exit_status == 1
    assert len(report.used) == 2
    assert str(tmp_path) not in report.rows[1].reason
    # In our words, not those of the library.
    assert 'cut off or damaged' in report.rows[1].reason
    assert 'truncated' not in report.rows[1].reason


def test_points_outside_or_missing(tmp_path):
    clinic = make_clinic(tmp_path / 'photos', count=4, size=SIZE)
    name, other, *_ = clinic
    clinic[name] = clinic[name] + 200
    clinic[other][:] = np.nan
    report = prepare_points(tmp_path, clinic)
    assert codes(report) == {1: 'outside', 2: 'no points'}
    assert 'landmark exo_R at (' in report.rows[1].reason
    assert 'as do 4 more' in report.rows[1].reason


@pytest.mark.parametrize('is_missing', [False, True])
def test_points_at_zero_need_a_statement(tmp_path, clinic, is_missing):
    clinic[next(iter(clinic))][1] = 0
    report = prepare_points(tmp_path, clinic, zero_is_missing=is_missing)
    if is_missing:
        assert report.exit_status == 0
        assert report.points == 3 * len(NAMES) - 1
    else:
        assert codes(report) == {1: 'at 0, 0'}
        assert '--zero-is-missing' in report.rows[1].reason


@pytest.mark.parametrize('which, left', [('first', 4), ('last', 1)])
def test_of_two_records_of_a_photograph_one_is_used(
    tmp_path, clinic, which, left
):
    name, points = next(iter(clinic.items()))
    again = wide_csv({name: points + (3, 4)}).splitlines()[1]
    (tmp_path / 'points.csv').write_text(f'{wide_csv(clinic)}{again}\n')
    report = prepare_points(tmp_path, duplicates=which)
    assert codes(report) == {left: 'duplicate'}
    assert '5.0 px from it' in report.rows[left].reason


def test_a_copy_and_a_second_match(tmp_path, clinic):
    """One file under two names; two files for one name."""
    photos, name = tmp_path / 'photos', next(iter(clinic))
    (photos / 'copy.png').write_bytes((photos / name).read_bytes())
    clinic['copy.png'] = clinic[name]
    last = [*clinic][2]
    Image.open(photos / last).save((photos / last).with_suffix('.bmp'))
    clinic = {Path(n).stem if n == last else n: p for n, p in clinic.items()}
    report = prepare_points(tmp_path, clinic)
    assert codes(report) == {3: 'ambiguous'}
    assert len(report.rows[3].candidates) == 2
    assert 'record 1' in dict(report.rows[4].notes)['same']


def test_another_size_than_labelled(tmp_path, clinic):
    lines = wide_csv(clinic).splitlines()
    lines[0] += ',width,height'
    lines[1:] = [f'{line},160,200' for line in lines[1:]]
    lines[2] = lines[2].replace('160,200', '320,400')
    (tmp_path / 'points.csv').write_text('\n'.join(lines))
    report = prepare_points(tmp_path)
    assert codes(report) == {2: 'size differs'}
    assert '320x400' in report.rows[2].reason


class TestSubjects:
    @pytest.fixture
    def table(self, tmp_path):
        return tmp_path / 'subjects.csv'

    def test_an_unknown_one_is_not_invented(self, tmp_path, clinic, table):
        options = dict(dry_run=True)
        pattern = '^(?P<subject>child0|)'
        report = prepare_points(
            tmp_path, clinic, subject_pattern=pattern, **options
        )
        assert codes(report) == {3: 'subject unknown'}
        table.write_text('image,subject\nchild0_visit0,P1\nchild1_visit0,\n')
        report = prepare_points(tmp_path, table=str(table), **options)
        assert codes(report) == {2: 'subject unknown', 3: 'subject unknown'}
        first, *rows = wide_csv(clinic).splitlines()
        lines = zip([first, *rows], ['subject', 'A', 'unknown', ''])
        (tmp_path / 'points.csv').write_text('\n'.join(map(','.join, lines)))
        report = prepare_points(tmp_path, **options)
        assert codes(report) == {2: 'subject unknown', 3: 'subject unknown'}

    def test_if_none_is_known_a_warning_names_the_column(
        self, tmp_path, clinic, table
    ):
        rows = ''.join(f'{name},7,0\n' for name in clinic)
        table.write_text(f'image,record_id,covid\n{rows}')
        report = prepare_points(
            tmp_path, clinic, table=str(table), dry_run=True
        )
        assert report.subjects == 3
        (warning,) = report.warnings
        assert 'NO SUBJECT IS KNOWN' in warning and "'record_id'" in warning
        assert 'covid' not in warning

    def test_similar_ids_are_noted_by_record(self, tmp_path, clinic, table):
        subjects = 'Ann-7', 'ann 07', 'Bob'
        rows = [f'{n},{s}\n' for n, s in zip(clinic, subjects)]
        table.write_text('image,subject\n' + ''.join(rows))
        report = prepare_points(
            tmp_path, clinic, table=str(table), dry_run=True
        )
        (warning,) = report.warnings
        assert '1 group of' in warning and 'Records 1, 2.' in warning
        assert 'ann' not in warning.lower()

    def test_spoilt_cells_are_nobody(self, tmp_path, table):
        clinic = make_clinic(tmp_path / 'photos', count=7, size=SIZE)
        cells = [
            *('c1,4,female', '#N/A,4,f', '=A3,4,f', 'c4,-4,f', 'c5,450,'),
            *(',,', 'P1,05.03.2019,div'),
        ]
        rows = [f'{name},{text}\n' for name, text in zip(clinic, cells)]
        table.write_text('image,subject,age,sex\n' + ''.join(rows))
        report = prepare_points(tmp_path, clinic, table=str(table))
        assert codes(report) == {
            2: 'subject unknown',
            **dict.fromkeys((3, 4, 5, 7), 'bad cell'),
            6: 'subject unknown',
        }
        assert "age='05.03.2019'" in report.rows[7].reason
        assert any("sex='div'" in note for note in report.notes)
        (image,) = content_of(report.out)['images']
        assert image['subject'] == 'c1' and image['sex'] == 'f'


def test_a_misspelt_label_is_noted(tmp_path, clinic):
    rows = ['image,landmark,x,y']
    for i, name in enumerate(clinic):
        rows.append(f'{name},{"exoR" if i == 1 else "exo_R"},60,80')
        rows.append(f'{name},n,90,110')
    (tmp_path / 'points.csv').write_text('\n'.join(rows))
    report = prepare_points(tmp_path, dry_run=True)
    assert any('exoR in 1' in note for note in report.notes)


class TestFacesOfAnotherShape:
    """Findings on single pictures, and warnings if most have them."""

    def test_swapped_sides_of_one_face(self, tmp_path, clinic):
        name = next(iter(clinic))
        clinic[name] = clinic[name][[1, 0, 2, 4, 3]]
        report = prepare_points(tmp_path, clinic)
        assert [code for code, _ in report.rows[1].notes] == ['sides']
        assert not report.rows[2].notes and not report.warnings[1:]

    @pytest.mark.parametrize(
        ('turn', 'options', 'code', 'warning'),
        [
            (0, {}, None, ''),
            (0, dict(y_axis='up'), 'upside down', 'UPSIDE DOWN'),
            (1, {}, 'names', '--count-from'),
        ],
    )
    def test_all_faces(self, tmp_path, clinic, turn, options, code, warning):
        """As they are, with y the other way, with names off by one."""
        names = ('exocanthion_R', 'exocanthion_L', 'subnasale', 'a_R', 'a_L')
        points = {n: np.roll(p, turn, axis=0) for n, p in clinic.items()}
        (tmp_path / 'points.csv').write_text(wide_csv(points, names))
        report = prepare_points(tmp_path, dry_run=True, **options)
        found = [[code for code, _ in row.notes] for row in report.used]
        assert found == [[code] if code else []] * 3
        _, *more = report.warnings
        assert len(more) == (code is not None)
        assert all(warning in text for text in more)

    def test_on_their_side(self, tmp_path):
        """The tool ignored EXIF and nobody stated it."""
        exif = Image.Exif()
        exif[0x0112] = 6
        clinic = make_clinic(tmp_path / 'photos', 2, (200, 200), exif=exif)
        # As upright as they are stored, so they lie when turned.
        report = prepare_points(
            tmp_path, clinic, frame='upright', dry_run=True
        )
        assert not any(row.notes for row in report.used)
        report = prepare_points(tmp_path, clinic, frame='stored')
        assert all('sideways' in dict(row.notes) for row in report.used)
        assert any('ON THEIR SIDE' in text for text in report.warnings)

    def test_an_absurd_scale(self, tmp_path, clinic):
        table = tmp_path / 'subjects.csv'
        rows = [f'{n},P,{s}\n' for n, s in zip(clinic, (0.5, 50, -1))]
        table.write_text('image,subject,mm_per_px\n' + ''.join(rows))
        report = prepare_points(tmp_path, clinic, table=str(table))
        assert codes(report) == {3: 'scale'}
        assert [code for code, _ in report.rows[2].notes] == ['scale']
        assert not report.rows[1].notes


@pytest.mark.parametrize(
    'file, image, is_used',
    [
        ('child0_visit0', 'child0_visit0.png', True),
        ('child0_visit0', 'child0_visit0.jpg', True),
        # The file has no photograph of its own name.
        ('first', 'child0_visit0.png', True),
        # The files were renumbered, but not their content.
        ('child0_visit0', 'child0_visit1.png', False),
    ],
)
def test_a_file_with_the_name_of_another_photograph(
    tmp_path, clinic, file, image, is_used
):
    folder = tmp_path / 'labels'
    folder.mkdir()
    shapes = [
        dict(label=name, shape_type='point', points=[list(point)])
        for name, point in zip(NAMES, face_points(SIZE))
    ]
    content = dict(shapes=shapes, imagePath=image)
    (folder / f'{file}.json').write_text(json.dumps(content))
    report = prepare_points(tmp_path, points=folder, dry_run=True)
    assert codes(report) == ({} if is_used else {1: 'ambiguous'})
    if not is_used:
        found = ['child0_visit0.png', 'child0_visit1.png']
        assert sorted(report.rows[1].candidates) == found
