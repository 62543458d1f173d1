"""What is refused before anything is written."""

import pytest
from clinic_folder import face_points, wide_csv
from prepared_points import SIZE, codes, prepare_points

from mmpose_ctd.datasets.preparation import PrepareOptions, prepare
from mmpose_ctd.errors import InputError, MissingFileError


def test_if_nothing_can_be_used_nothing_is_written(tmp_path, clinic):
    clinic = {f'x{name}': points for name, points in clinic.items()}
    report = prepare_points(tmp_path, clinic)
    assert report.exit_status == 2
    assert report.out is None
    assert {p.name for p in tmp_path.iterdir()} == {'photos', 'points.csv'}


def test_if_nothing_can_be_read_every_record_says_why(tmp_path, clinic):
    (tmp_path / 'points.csv').write_text('image,n_x,n_y\na.png,x,y\n')
    report = prepare_points(tmp_path)
    assert report.exit_status == 2
    assert codes(report) == {1: 'unreadable'}


@pytest.mark.parametrize('where', ['set', 'photos', 'photos/set', '.'])
def test_what_is_there_is_never_overwritten(tmp_path, clinic, where):
    (tmp_path / 'set').mkdir()
    (tmp_path / 'set/mine.txt').write_text('mine')
    (tmp_path / 'points.csv').write_text(wide_csv(clinic))
    before = sorted(p for p in tmp_path.rglob('*'))
    with pytest.raises(InputError, match='never overwritten|overwritten'):
        prepare(
            str(tmp_path / 'photos'),
            str(tmp_path / 'points.csv'),
            str(tmp_path / where),
            PrepareOptions(),
            progress=False,
        )
    assert sorted(p for p in tmp_path.rglob('*')) == before


def test_a_dry_run_tells_the_same_and_writes_nothing(tmp_path, clinic):
    clinic['gone.jpg'] = face_points(SIZE)
    before = sorted(tmp_path.rglob('*')) + [tmp_path / 'points.csv']
    dry = prepare_points(tmp_path, clinic, dry_run=True)
    assert sorted(tmp_path.rglob('*')) == sorted(before)
    real = prepare_points(tmp_path, clinic)
    assert codes(dry) == codes(real)
    assert (dry.subjects, dry.points) == (real.subjects, real.points)


@pytest.mark.parametrize(
    'options, words',
    [
        (dict(crop='head'), '--crop head'),
        (dict(size=3), '--size 3'),
        (dict(margin=-1), '--margin -1'),
        (dict(margin=float('nan')), '--margin nan'),
        (dict(quality=0), '--quality 0'),
        (dict(first_pixel=2), '--first-pixel 2'),
        (dict(scale_points=('a', 'b')), 'belong together'),
        (dict(scale_length_mm=3.0), 'belong together'),
        (
            dict(scale_points=('a', 'a'), scale_length_mm=3.0),
            '--scale-points',
        ),
        (
            dict(scale_points=('a', 'b'), scale_length_mm=0.0),
            '--scale-length-mm',
        ),
        (dict(site='x', site_from='folder'), 'give one'),
    ],
)
def test_options_that_make_no_sense_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        PrepareOptions(**options)


@pytest.mark.parametrize(
    'options, kwargs, words',
    [
        (dict(subject_pattern='('), {}, 'no regular expression'),
        (dict(subject_pattern='child'), {}, 'in brackets'),
        (
            dict(scale_points=('a', 'b'), scale_length_mm=3.0),
            {},
            '--scale-points a: no record',
        ),
        ({}, dict(mapping='set/who.csv'), '--mapping: lies in the set'),
        ({}, dict(mapping='points.csv'), '--mapping points.csv: exists'),
        ({}, dict(table='gone.csv'), '--table'),
        ({}, dict(landmarks='gone.txt'), '--landmarks'),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(
    tmp_path, clinic, options, kwargs, words
):
    kwargs = {k: str(tmp_path / v) for k, v in kwargs.items()}
    with pytest.raises(InputError, match=words):
        prepare_points(tmp_path, clinic, options, **kwargs)
    assert not (tmp_path / 'set').exists()


@pytest.mark.parametrize(
    'table, keep, words',
    [
        ('subject\nP1\n', (), 'no columns'),
        ('subject,age\nP1,3\n', (), 'no column of photographs'),
        (
            'image,subject\nchild0_visit0,A\nchild0_visit0,B\n',
            (),
            'row 3: a second, different row',
        ),
        ('image,subject,Patient ID\na,b,c\n', (), 'both look like'),
        ('image,subject\na,b\n', ('weight',), 'no such column'),
        ('image,subject,bbox\na,b,c\n', ('bbox',), 'for something else'),
    ],
)
def test_a_bad_table_is_refused(tmp_path, clinic, table, keep, words):
    (tmp_path / 'subjects.csv').write_text(table)
    with pytest.raises(InputError, match=words):
        prepare_points(
            tmp_path,
            clinic,
            dict(keep_columns=keep),
            table=str(tmp_path / 'subjects.csv'),
        )


def test_folders_that_are_missing_or_empty_are_refused(tmp_path, clinic):
    points = tmp_path / 'points.csv'
    points.write_text(wide_csv(clinic))
    (tmp_path / 'empty').mkdir()

    def go(images, points):
        prepare(images, points, str(tmp_path / 'set'), PrepareOptions())

    with pytest.raises(MissingFileError, match='IMAGES'):
        go(str(tmp_path / 'gone'), str(points))
    with pytest.raises(InputError, match='holds no photographs'):
        go(str(tmp_path / 'empty'), str(points))
    with pytest.raises(MissingFileError, match='POINTS'):
        go(str(tmp_path / 'photos'), str(tmp_path / 'gone.csv'))
    points.write_text('image,n_x,n_y\n')
    with pytest.raises(InputError, match='no record of points'):
        go(str(tmp_path / 'photos'), str(points))
