"""Unfinished work is written into folders of our own alone."""

import csv
import os

import pytest
from clinic_folder import make_clinic
from prepared_points import SIZE, prepare_points

from mmpose_ctd.datasets.preparation import (
    PrepareOptions,
    finished_set,
    preview,
    write_preview,
)
from mmpose_ctd.errors import InputError


@pytest.fixture
def staged(tmp_path):
    return tmp_path / '.set.unfinished'


def plant_link(staged):
    other = staged.parent / 'other'
    other.mkdir()
    staged.symlink_to(other)


def plant_file(staged):
    staged.write_text('mine')


def plant_folder(staged):
    staged.mkdir()
    (staged / 'thesis.txt').write_text('mine')


def plant_link_inside(staged):
    (staged / 'images').mkdir(parents=True)
    (staged / 'journal.jsonl').touch()
    (staged / 'images/000001.jpg.part').symlink_to(staged.parent / 'victim')


def plant_journal_link(staged):
    staged.mkdir()
    (staged / 'journal.jsonl').symlink_to(staged.parent / 'victim')


@pytest.mark.parametrize(
    'plant',
    [
        plant_link,
        plant_file,
        plant_folder,
        plant_link_inside,
        plant_journal_link,
    ],
)
def test_what_we_did_not_make_is_refused_and_kept(
    tmp_path, clinic, staged, plant
):
    plant(staged)
    before = sorted(tmp_path.rglob('*'))
    with pytest.raises(InputError) as info:
        prepare_points(tmp_path, clinic)
    assert info.value.where == '.set.unfinished'
    after = sorted(tmp_path.rglob('*'))
    assert after == sorted({*before, tmp_path / 'points.csv'})


def test_a_folder_of_another_user_is_refused(
    tmp_path, clinic, staged, monkeypatch
):
    staged.mkdir()
    monkeypatch.setattr(os, 'getuid', lambda: os.stat(staged).st_uid + 1)
    with pytest.raises(InputError) as info:
        prepare_points(tmp_path, clinic)
    assert 'another user' in info.value.found


def test_empty_folders_that_a_kill_left_are_used(tmp_path, clinic, staged):
    (staged / 'images').mkdir(parents=True)
    assert prepare_points(tmp_path, clinic).out
    assert not staged.exists()


def test_a_link_in_the_place_of_the_mapping_is_not_followed(tmp_path, clinic):
    victim = tmp_path / 'victim'
    victim.write_text('mine')
    (tmp_path / 'who.csv.part').symlink_to(victim)
    prepare_points(tmp_path, clinic, mapping=str(tmp_path / 'who.csv'))
    assert victim.read_text() == 'mine'
    assert (tmp_path / 'who.csv').is_file()


class TestPreview:
    """Drawn after the set is complete, it may be killed by itself."""

    OPTIONS = dict(crop='landmarks', size=64)

    def test_it_appears_when_all_sheets_are_drawn(
        self, tmp_path, clinic, monkeypatch
    ):
        prepared = prepare_points(tmp_path, clinic).out
        options = PrepareOptions(**self.OPTIONS)
        folder = tmp_path / 'sheets'
        monkeypatch.setattr(preview, '_ON_SHEET', 1)
        original, drawn = preview.landmark_sheet, []

        def killed(*args):
            if len(drawn) == 2:
                raise KeyboardInterrupt
            drawn.append(1)
            return original(*args)

        monkeypatch.setattr(preview, 'landmark_sheet', killed)
        with pytest.raises(KeyboardInterrupt):
            write_preview(prepared, folder, progress=False)
        assert not folder.exists()
        assert finished_set(prepared, options) is True
        monkeypatch.setattr(preview, 'landmark_sheet', original)
        assert write_preview(prepared, folder, progress=False) == 3
        names = sorted(p.name for p in folder.iterdir())
        assert names == [f'sheet_00{i}.jpg' for i in (1, 2, 3)]
        assert not (tmp_path / '.sheets.unfinished').exists()

    def test_of_a_set_made_otherwise_nothing_is_drawn(self, tmp_path, clinic):
        prepared = prepare_points(tmp_path, clinic).out
        for other in (dict(size=32), dict(crop='none'), dict(unit='px')):
            options = PrepareOptions(**{**self.OPTIONS, **other})
            assert finished_set(prepared, options) is None
        options = PrepareOptions(**self.OPTIONS)
        assert finished_set(tmp_path / 'gone', options) is None
        assert finished_set(tmp_path / 'photos', options) is None

    def test_records_that_were_left_out_are_remembered(self, tmp_path, clinic):
        clinic['gone.jpg'] = [*clinic.values()][0]
        prepared = prepare_points(tmp_path, clinic).out
        options = PrepareOptions(**self.OPTIONS)
        assert finished_set(prepared, options) is False


def test_tables_of_a_set_hold_no_formulas(tmp_path):
    clinic = make_clinic(tmp_path / 'photos', 1, SIZE)
    (points,) = clinic.values()
    (path,) = (tmp_path / 'photos').iterdir()
    names = ['=cmd.png', '@x.png', '-1+1.png']
    for name in names:
        (path.parent / name).write_bytes(path.read_bytes())
    report = prepare_points(
        tmp_path,
        dict.fromkeys(names, points),
        dict(subject_pattern='^(.*).png'),
        mapping=str(tmp_path / 'who.csv'),
        names_in_report=True,
    )
    assert len(report.used) == 3
    for file in (tmp_path / 'who.csv', report.out / 'report.csv'):
        with open(file, encoding='utf-8-sig', newline='') as handle:
            cells = [cell for row in csv.reader(handle) for cell in row]
        assert not any(cell.startswith(tuple('=+-@')) for cell in cells)
        assert "'=cmd.png" in cells
