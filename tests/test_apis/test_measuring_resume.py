"""What --resume goes on with, and what it refuses."""

import argparse
import json
import os

import pytest

from mmpose_ctd.apis.measuring.photograph_table import PhotographTable
from mmpose_ctd.apis.measuring.resuming import (
    check_resumed,
    file_digest,
    subject_digests,
)
from mmpose_ctd.apis.measuring.row_file import RowFile
from mmpose_ctd.errors import InputError


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / 'images'
    folder.mkdir()
    return folder


@pytest.fixture
def begun(folder, tmp_path):
    """A table with one row of two photographs; goes on with --resume."""
    for name in 'ab':
        (folder / f'{name}.png').touch()
    args = argparse.Namespace(
        out=str(tmp_path / 'm.csv'), images=str(folder), delimiter=','
    )
    about = tmp_path / 'm.about.json'
    known = tmp_path / 'known.csv'

    def digests(text):
        known.write_text(text)
        table = PhotographTable(str(known), str(folder))
        return subject_digests(table, ['a.png', 'b.png'])

    def go_on(text, **run):
        check_resumed(args, str(about), run, digests(text), ['a.png', 'b.png'])

    first = digests('file,mm_per_px,age\na.png,0.2,7\n')
    run = dict(norms_sha256='1', calibration_sha256='2')
    about.write_text(json.dumps(dict(run=run, table=first)))
    out = RowFile(args.out, ['file', 'status'])
    out.write([dict(file='a.png', status='measured')])
    out.close(complete=False)
    for name in 'ab':
        os.utime(folder / f'{name}.png', (1, 1))
    return go_on


def test_resume_takes_rows_of_new_photographs(begun, capsys):
    begun('file,mm_per_px,age\nb.png,0.3,8\na.png,0.20,7.0\n')
    assert capsys.readouterr().err == ''


@pytest.mark.parametrize(
    'row', ['a.png,0.3,7', 'a.png,0.2,8', 'a.png,,7', 'b.png,0.2,7']
)
def test_resume_refuses_other_values_of_measured_photographs(begun, row):
    with pytest.raises(InputError, match="1 measured .*'a.png'.*--overwrite"):
        begun(f'file,mm_per_px,age\n{row}\n')


def test_resume_refuses_other_norms_and_calibrations(begun, tmp_path):
    same = 'file,mm_per_px,age\na.png,0.2,7\n'
    with pytest.raises(InputError, match='with another norms. Resume'):
        begun(same, norms_sha256=None, calibration_sha256='2')
    with pytest.raises(InputError, match='with another calibration. Resume'):
        begun(same, norms_sha256='1', calibration_sha256='3')
    (tmp_path / 'x').write_bytes(b'abc')
    # FIPS 180-2, appendix B.1.
    assert file_digest(str(tmp_path / 'x')).startswith('ba7816bf8f01cfea')


def test_resume_tells_of_photographs_newer_than_the_table(
    begun, folder, capsys
):
    for name in 'ab':
        os.utime(folder / f'{name}.png', (2**32, 2**32))
    begun('file,mm_per_px,age\na.png,0.2,7\n')
    # b.png has no row yet.
    assert (
        "1 measured photographs are newer than the table, such as 'a.png'"
        in (capsys.readouterr().err)
    )
