"""A table that outlives the run that writes it, and what continues it."""

import contextlib
import csv
import json
import os

import cv2
import pytest
from measuring_toys import POINTS, SpotModel, photograph, spot_calibration
from refusals import refused

from mmpose_ctd.apis.measuring.calibration import write_calibration
from mmpose_ctd.apis.measuring.photographs import measure
from mmpose_ctd.apis.measuring.row_file import (
    RowFile,
    write_json,
    write_measures,
)
from mmpose_ctd.apis.measuring.rows import Column
from mmpose_ctd.errors import InputError

COLUMNS = dict(
    file=Column(''),
    remarks=Column(''),
    width_px=Column(''),
    length_mm=Column('', 2),
)
ROWS = [
    dict(file='a.jpg', width_px=10, length_mm=1.5),
    dict(file='b, "c".jpg', remarks='two\nlines; and ü', width_px=7),
    dict(file='=1+1.jpg', remarks='x', length_mm=-3.254),
]


def whole(path, **options):
    with RowFile(str(path), COLUMNS, **options) as out:
        for row in ROWS:
            out.write(row)
    return path.read_bytes()


def test_rows_read_back_as_written(tmp_path):
    whole(tmp_path / 'm.csv')
    with open(tmp_path / 'm.csv', encoding='utf-8', newline='') as file:
        read = list(csv.reader(file))
    assert read == [
        [*COLUMNS],
        ['a.jpg', '', '10', '1.50'],
        ['b, "c".jpg', 'two\nlines; and ü', '7', ''],
        # A spreadsheet would run what begins with '='. Numbers stay.
        ["'=1+1.jpg", 'x', '', '-3.25'],
    ]
    write_json(str(tmp_path / 'm.csv'), str(tmp_path / 'm.json'))
    assert json.loads((tmp_path / 'm.json').read_text('utf-8'))[1:] == [
        ROWS[1] | dict(length_mm=None),
        ROWS[2] | dict(length_mm=-3.25, width_px=None),
    ]


def test_rows_are_on_the_disc_before_the_end_and_the_name_comes_last(tmp_path):
    with (
        contextlib.suppress(KeyboardInterrupt),
        RowFile(str(tmp_path / 'm.csv'), COLUMNS) as out,
    ):
        out.write(ROWS[0])
        assert 'a.jpg' in (tmp_path / 'm.csv.part').read_text()
        raise KeyboardInterrupt
    assert not (tmp_path / 'm.csv').exists()
    with refused(cure='--resume'):
        RowFile(str(tmp_path / 'm.csv'), COLUMNS)


@pytest.mark.parametrize('excel', [False, True])
def test_goes_on_wherever_it_was_killed(tmp_path, excel):
    """Cut off at every byte, the end is the same."""
    complete = whole(tmp_path / 'm.csv', excel=excel)
    for length in range(3, len(complete) + 1):
        path = tmp_path / 'cut.csv'
        (tmp_path / 'cut.csv.part').write_bytes(complete[:length])
        with RowFile(str(path), COLUMNS, excel=excel, resume=True) as out:
            for row in ROWS:
                if row['file'] not in out.done:
                    out.write(row)
        assert path.read_bytes() == complete, length
        path.unlink()


def test_a_complete_table_takes_new_rows(tmp_path):
    before = whole(tmp_path / 'm.csv', excel=True, delimiter=';')
    assert before.startswith(b'\xef\xbb\xbffile;remarks;')
    out = RowFile(str(tmp_path / 'm.csv'), COLUMNS, delimiter=';', resume=True)
    assert out.done == {row['file'] for row in ROWS}
    with out:
        out.write(dict(file='new.jpg'))
        # Until the end the old one stays.
        assert (tmp_path / 'm.csv').read_bytes() == before
    assert (tmp_path / 'm.csv').read_bytes() == before + b'new.jpg;;;\r\n'


@pytest.mark.parametrize(
    ('columns', 'encoding', 'resume'),
    [
        (COLUMNS, 'utf-8', False),
        (COLUMNS | dict(more=Column('')), 'utf-8', True),
        (COLUMNS, 'cp1252', True),
    ],
    ids=['exists', 'columns', 'encoding'],
)
def test_a_table_that_does_not_fit_is_refused_and_stays(
    tmp_path, columns, encoding, resume
):
    text = whole(tmp_path / 'm.csv').decode()
    (tmp_path / 'm.csv').write_bytes(text.encode(encoding))
    with (
        pytest.raises(InputError) as error,
        RowFile(str(tmp_path / 'm.csv'), columns, resume=resume),
    ):
        pass
    assert '--overwrite' in error.value.cure
    assert (tmp_path / 'm.csv').read_bytes() == text.encode(encoding)
    assert [p.name for p in tmp_path.iterdir()] == ['m.csv']


# --------------------------------------------------------------- resuming


@pytest.fixture
def begun(tmp_path):
    """A table with a.png; the returned function continues it with b.png."""
    folder, known = tmp_path / 'images', tmp_path / 'known.csv'
    folder.mkdir()
    calibration = tmp_path / 'calibration.json'
    write_calibration(spot_calibration(), str(calibration))

    def go_on(rows, resume=True, **options):
        known.write_text('file,mm_per_px,age\n' + rows)
        measured = measure(
            SpotModel(),
            str(folder),
            str(calibration),
            start=options.pop('start', 'image'),
            table=str(known),
            **options,
        )
        return write_measures(measured, str(tmp_path / 'm.csv'), resume=resume)

    cv2.imwrite(str(folder / 'a.png'), photograph(POINTS))
    go_on('a.png,2,7\n', resume=False)
    for name in 'ab':
        cv2.imwrite(str(folder / f'{name}.png'), photograph(POINTS))
        os.utime(folder / f'{name}.png', (1, 1))
    return go_on


def test_resume_takes_rows_of_new_photographs(begun, tmp_path, capsys):
    assert begun('b.png,2,8\na.png,2.0,7.0\n') == dict(measured=1)
    assert 'warning' not in capsys.readouterr().err
    about = json.loads((tmp_path / 'm.about.json').read_text())
    assert len(about['table']) == 2
    # What is known of photographs that are gone is kept.
    (tmp_path / 'images' / 'a.png').unlink()
    assert begun('b.png,2,8\n') == {}
    assert json.loads((tmp_path / 'm.about.json').read_text()) == about


@pytest.mark.parametrize(
    'row', ['a.png,3,7', 'a.png,2,8', 'a.png,,7', 'b.png,2,7']
)
def test_resume_refuses_other_values_of_measured_photographs(begun, row):
    with refused('--resume', found="1 measured photographs, such as 'a.png'"):
        begun(f'{row}\n')


def test_resume_refuses_other_settings(begun, tmp_path):
    def differs(key, **options):
        with refused('--resume', found=f'another {key}'):
            begun('a.png,2,7\n', **options)

    differs('mm_per_px', mm_per_px=0.5)
    differs('framing', start='auto')
    other = spot_calibration()
    other.familiarity.limits.roll = 20.0
    write_calibration(other, str(tmp_path / 'calibration.json'))
    differs('calibration')


def test_resume_warns_of_photographs_newer_than_the_table(
    begun, tmp_path, capsys
):
    for name in 'ab':
        os.utime(tmp_path / 'images' / f'{name}.png', (2**32, 2**32))
    begun('a.png,2,7\n')
    # b.png has no row yet.
    assert (
        "1 measured photographs are newer than the table, such as 'a.png'"
        in (capsys.readouterr().err)
    )
