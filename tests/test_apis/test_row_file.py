"""Rows that outlive the run that writes them."""

import csv
import json

import pytest

from mmpose_ctd.apis.measuring.row_file import RowFile, write_json
from mmpose_ctd.errors import InputError

TITLES = ['file', 'remarks', 'width_px', 'length_mm']
ROWS = [
    dict(file='a.jpg', width_px=10, length_mm='1.50'),
    dict(file='b, "c".jpg', remarks='two\nlines; and ü', width_px=7),
    dict(file='d.jpg', remarks='x', length_mm='-3.25'),
]


def whole(path, **options):
    out = RowFile(str(path), TITLES, **options)
    for row in ROWS:
        out.write([row])
    out.close(complete=True)
    return path.read_bytes()


def test_rows_read_back_as_written(tmp_path):
    whole(tmp_path / 'm.csv')
    with open(tmp_path / 'm.csv', encoding='utf-8', newline='') as file:
        read = list(csv.DictReader(file))
    for row, back in zip(ROWS, read):
        assert back == {t: str(row.get(t, '')) for t in TITLES}


def test_rows_are_on_the_disc_before_the_end_and_the_name_comes_last(tmp_path):
    out = RowFile(str(tmp_path / 'm.csv'), TITLES)
    out.write(ROWS[:1])
    assert 'a.jpg' in (tmp_path / 'm.csv.part').read_text()
    out.close(complete=False)
    assert not (tmp_path / 'm.csv').exists()


@pytest.mark.parametrize('excel', [False, True])
def test_goes_on_wherever_it_was_killed(tmp_path, excel):
    """Cut off at every byte, the end is the same."""
    complete = whole(tmp_path / 'm.csv', excel=excel)
    for length in range(3, len(complete) + 1):
        path = tmp_path / 'cut.csv'
        (tmp_path / 'cut.csv.part').write_bytes(complete[:length])
        out = RowFile(str(path), TITLES, excel=excel, resume=True)
        out.write([row for row in ROWS if row['file'] not in out.done])
        out.close(complete=True)
        assert path.read_bytes() == complete, length
        path.unlink()


def test_a_complete_table_takes_new_rows(tmp_path):
    whole(tmp_path / 'm.csv')
    out = RowFile(str(tmp_path / 'm.csv'), TITLES, resume=True)
    assert out.done == {row['file'] for row in ROWS}
    # Until the end the old one stays.
    assert (tmp_path / 'm.csv').exists()
    out.write([dict(file='new.jpg')])
    out.close(complete=True)
    assert 'new.jpg' in (tmp_path / 'm.csv').read_text(encoding='utf-8')


def test_results_are_not_overwritten(tmp_path):
    before = whole(tmp_path / 'm.csv')
    with pytest.raises(InputError, match='--resume goes on'):
        RowFile(str(tmp_path / 'm.csv'), TITLES)
    assert (tmp_path / 'm.csv').read_bytes() == before


def test_other_columns_are_refused(tmp_path):
    before = whole(tmp_path / 'm.csv')
    with pytest.raises(InputError, match='other columns'):
        RowFile(str(tmp_path / 'm.csv'), [*TITLES, 'more'], resume=True)
    assert (tmp_path / 'm.csv').read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ['m.csv']


def test_a_table_that_another_program_saved_is_not_guessed_at(tmp_path):
    text = whole(tmp_path / 'm.csv').decode()
    (tmp_path / 'm.csv').write_bytes(text.encode('cp1252'))
    with pytest.raises(InputError, match='another program'):
        RowFile(str(tmp_path / 'm.csv'), TITLES, resume=True)


def test_excel_mark_and_semicolons(tmp_path):
    data = whole(tmp_path / 'm.csv', excel=True, delimiter=';')
    assert data.startswith(b'\xef\xbb\xbffile;remarks;')
    assert data.count(b'\xef\xbb\xbf') == 1


def test_json_has_numbers_and_nulls(tmp_path):
    whole(tmp_path / 'm.csv')
    path = tmp_path / 'm.json'
    write_json(str(tmp_path / 'm.csv'), str(path), ',', ('file', 'remarks'))
    content = json.loads(path.read_text(encoding='utf-8'))
    assert content[1] == dict(
        file='b, "c".jpg',
        remarks='two\nlines; and ü',
        width_px=7,
        length_mm=None,
    )
    assert content[2]['length_mm'] == -3.25


def test_a_file_name_is_no_formula_and_is_found_again(tmp_path):
    """A spreadsheet runs cells that begin with = + - or @."""
    path = tmp_path / 'm.csv'
    names = ['=HYPERLINK("http:example")!.jpg', '-1.jpg', 'plain.jpg']
    table = RowFile(str(path), ['file', 'length'])
    table.write([dict(file=name, length=-2.5) for name in names])
    table.close(complete=True)
    rows = path.read_text(encoding='utf-8').splitlines()[1:]
    assert not any(row.strip('"').startswith(tuple('=+-@')) for row in rows)
    # Numbers stay numbers.
    assert rows[1:] == ["'-1.jpg,-2.5", 'plain.jpg,-2.5']
    again = RowFile(str(path), ['file', 'length'], resume=True)
    assert again.done == set(names)
    again.close(complete=True)
