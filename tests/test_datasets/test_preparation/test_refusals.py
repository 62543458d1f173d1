"""What is refused before anything is written."""

import pytest
from clinic_folder import face_points, wide_csv
from prepared_points import SIZE, codes, prepare_points
from refusals import refused

from mmpose_ctd.datasets.preparation import PrepareOptions, prepare
from mmpose_ctd.errors import InputError, MissingFileError


def test_if_nothing_can_be_used_nothing_is_written(tmp_path, clinic):
    clinic = {f'x{name}': points for name, points in clinic.items()}
    report = prepare_points(tmp_path, clinic)
    assert report.exit_status == 2
    assert report.out is None
    assert {p.name for p in tmp_path.iterdir()} == {'photos', 'points.csv'}


def test_if_nothing_can_be_read_every_record_has_its_reason(tmp_path, clinic):
    (tmp_path / 'points.csv').write_text('image,n_x,n_y\na.png,x,y\n')
    report = prepare_points(tmp_path)
    assert report.exit_status == 2
    assert codes(report) == {1: 'unreadable'}


@pytest.mark.parametrize('where', ['set', 'photos', 'photos/set', '.'])
def test_nothing_is_overwritten(tmp_path, clinic, where):
    (tmp_path / 'set').mkdir()
    (tmp_path / 'set/mine.txt').write_text('mine')
    (tmp_path / 'points.csv').write_text(wide_csv(clinic))
    before = sorted(tmp_path.rglob('*'))
    with refused(within='--out'):
        prepare(tmp_path / 'photos', tmp_path / 'points.csv', tmp_path / where)
    assert sorted(tmp_path.rglob('*')) == before


def test_a_dry_run_finds_the_same_and_writes_nothing(tmp_path, clinic):
    clinic['gone.jpg'] = face_points(SIZE)
    before = sorted([*tmp_path.rglob('*'), tmp_path / 'points.csv'])
    dry = prepare_points(tmp_path, clinic, dry_run=True)
    assert sorted(tmp_path.rglob('*')) == before
    real = prepare_points(tmp_path, clinic)
    assert codes(dry) == codes(real)
    assert (dry.subjects, dry.points) == (real.subjects, real.points)


def test_a_dry_run_with_a_preview_writes_its_sheets_only(tmp_path, clinic):
    before = {*tmp_path.rglob('*'), tmp_path / 'points.csv'}
    sheets, mapping = tmp_path / 'sheets', tmp_path / 'who.csv'
    report = prepare_points(
        tmp_path, clinic, dry_run=True, preview=sheets, mapping=str(mapping)
    )
    assert report.out is None and report.used
    new = {*tmp_path.rglob('*')} - before
    assert new == {sheets, sheets / 'sheet_001.jpg'}


@pytest.mark.parametrize(
    'options',
    [
        dict(crop='head'),
        dict(size=3),
        dict(margin=-1),
        dict(first_pixel=2),
        dict(count_from=2),
        dict(format='doc'),
        *(dict(unit=unit) for unit in ('', 'cm', '0', '-1', 'nan', 'inf')),
        dict(scale_points=('a', 'b')),
        dict(scale_points=('a', 'a'), scale_length_mm=3.0),
        dict(scale_points=('a', 'b'), scale_length_mm=0.0),
        dict(site='x', site_from='folder'),
        dict(subject_from='folder', subject_pattern='(a)'),
        dict(subject_pattern='('),
        dict(subject_pattern='child'),
    ],
)
def test_options_that_make_no_sense(options):
    with pytest.raises(InputError) as error:
        PrepareOptions(**options)
    names = ['--' + name.replace('_', '-') for name in options]
    assert any(name in error.value.where for name in names)


@pytest.mark.parametrize(
    'options, where',
    [
        (
            dict(scale_points=('a', 'b'), scale_length_mm=3.0),
            '--scale-points a',
        ),
        (dict(mapping='set/who.csv'), '--mapping'),
        (dict(mapping='points.csv'), '--mapping points.csv'),
        (dict(table='gone.csv'), '--table'),
        (dict(landmarks='gone.txt'), '--landmarks'),
    ],
)
def test_options_that_do_not_fit_the_input(
    tmp_path, clinic, monkeypatch, options, where
):
    monkeypatch.chdir(tmp_path)
    with refused(where):
        prepare_points(tmp_path, clinic, **options)
    assert not (tmp_path / 'set').exists()


@pytest.mark.parametrize(
    'table, keep, where, found',
    [
        ('subject\nP1\n', (), 'subjects.csv', 'no columns'),
        ('subject,age\nP1,3\n', (), 'subjects.csv', 'no column of photo'),
        (
            'image,subject\nchild0_visit0,A\nchild0_visit0,B\n',
            (),
            'subjects.csv, row 3',
            'second, different row',
        ),
        ('image,subject,Patient ID\na,b,c\n', (), 'subjects.csv', ''),
        ('image,subject\na,b\n', 'weight', '--keep-columns weight', 'no such'),
        ('image,subject,bbox\na,b,c\n', 'bbox', '--keep-columns bbox', 'else'),
    ],
)
def test_a_bad_table(tmp_path, clinic, table, keep, where, found):
    path = tmp_path / 'subjects.csv'
    path.write_text(table)
    with refused(text=[where, found]):
        prepare_points(tmp_path, clinic, keep_columns=keep, table=str(path))


@pytest.mark.parametrize(
    ('images', 'points', 'kind', 'where'),
    [
        ('gone', 'points.csv', MissingFileError, 'IMAGES'),
        ('empty', 'points.csv', InputError, 'IMAGES'),
        ('photos', 'gone.csv', MissingFileError, 'POINTS'),
        ('photos', 'none.csv', InputError, 'POINTS'),
    ],
)
def test_folders_that_are_missing_or_empty(
    tmp_path, clinic, images, points, kind, where
):
    (tmp_path / 'points.csv').write_text(wide_csv(clinic))
    (tmp_path / 'none.csv').write_text('image,n_x,n_y\n')
    (tmp_path / 'empty').mkdir()
    with refused(where, kind=kind):
        prepare(tmp_path / images, tmp_path / points, tmp_path / 'set')
