"""An interrupted run resumes, in a folder of our own, and appears at once."""

import os
import sys

import pytest
from clinic_folder import make_clinic, wide_csv
from prepared_points import prepare_points
from refusals import refused

from mmpose_ctd.datasets.preparation import set_folder
from mmpose_ctd.datasets.preparation.set_folder import Journal
from mmpose_ctd.errors import InputError

module = sys.modules['mmpose_ctd.datasets.preparation.prepare']


class Killed(BaseException):
    """What no except clause of the package catches."""


@pytest.fixture
def made(monkeypatch, tmp_path):
    """Counts the pictures made; kills the run before one on request."""
    clinic = make_clinic(tmp_path / 'photos', 5, size=(96, 120))
    (tmp_path / 'points.csv').write_text(wide_csv(clinic))
    log = {'names': [], 'kill_at': None}
    original = module.make_picture

    def make_picture(path, photo, *args):
        if len(log['names']) == log['kill_at']:
            raise Killed
        log['names'].append(photo.path)
        return original(path, photo, *args)

    monkeypatch.setattr(module, 'make_picture', make_picture)
    return log


@pytest.fixture
def staged(tmp_path):
    return tmp_path / '.set.unfinished'


def files_of(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob('*')
        if p.is_file()
    }


def kill(tmp_path, made, at, **options):
    made['kill_at'] = at
    with pytest.raises(Killed):
        prepare_points(tmp_path, **options)
    made['kill_at'] = None
    made['names'].clear()
    assert not (tmp_path / 'set').exists()


@pytest.mark.parametrize('at', [0, 3])
def test_a_killed_run_resumes_to_the_same_set(tmp_path, made, at):
    kill(tmp_path, made, at)
    report = prepare_points(tmp_path)
    assert len(made['names']) == 5 - at
    assert report.exit_status == 0 and len(report.used) == 5
    noted = any('3 pictures were there' in note for note in report.notes)
    assert noted == (at > 0)
    resumed = files_of(report.out)
    report.out.rename(tmp_path / 'first')
    assert files_of(prepare_points(tmp_path).out) == resumed
    names = {p.name for p in tmp_path.iterdir()}
    assert names == {'first', 'photos', 'points.csv', 'set'}


def test_what_changed_or_is_half_written_is_made_again(tmp_path, made, staged):
    kill(tmp_path, made, 4)
    photos = tmp_path / 'photos'
    # A photograph, a point, a picture, and the last line of the journal.
    other = (photos / 'child1_visit1.png').read_bytes()
    (photos / 'child0_visit0.png').write_bytes(other)
    text = (tmp_path / 'points.csv').read_text().splitlines()
    text[2] = text[2].replace('.', '.1', 2).replace('.1png', '.png')
    (tmp_path / 'points.csv').write_text('\n'.join(text))
    picture = staged / 'images/000003.jpg'
    picture.write_bytes(picture.read_bytes()[:-10])
    journal = staged / 'journal.jsonl'
    journal.write_text(journal.read_text()[:-40])
    (staged / 'images/000005.jpg.0a1b2c3d.tmp').write_bytes(b'half')
    prepare_points(tmp_path)
    assert len(made['names']) == 5
    assert len(list((tmp_path / 'set/images').iterdir())) == 5


def test_two_runs_do_not_write_the_same_set(tmp_path, made, staged):
    (staged / 'images').mkdir(parents=True)
    journal = Journal(staged)
    with refused(staged.name):
        prepare_points(tmp_path)
    journal.close()
    # Empty folders that a kill left are used.
    assert prepare_points(tmp_path).exit_status == 0


@pytest.mark.parametrize(
    'planted',
    [
        {'': 'link'},
        {'': 'file'},
        {'thesis.txt': 'file'},
        {'journal.jsonl': 'link'},
    ],
)
def test_what_we_did_not_make_is_refused_and_kept(
    tmp_path, made, staged, planted
):
    for name, kind in planted.items():
        path = staged / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == 'link':
            path.symlink_to(tmp_path / 'victim')
        else:
            path.write_text('mine')
    before = sorted(tmp_path.rglob('*'))
    with refused(staged.name):
        prepare_points(tmp_path)
    assert sorted(tmp_path.rglob('*')) == before


def test_a_folder_of_another_user_is_refused(
    tmp_path, made, staged, monkeypatch
):
    staged.mkdir()
    monkeypatch.setattr(os, 'getuid', lambda: os.stat(staged).st_uid + 1)
    with refused(found='this user'):
        prepare_points(tmp_path)


def test_a_link_in_the_place_of_the_mapping_is_not_followed(tmp_path, made):
    victim = tmp_path / 'victim'
    victim.write_text('mine')
    (tmp_path / 'who.csv.part').symlink_to(victim)
    # Other options than those of the killed run start again.
    kill(tmp_path, made, 3, size=32)
    prepare_points(tmp_path, mapping=str(tmp_path / 'who.csv'))
    assert len(made['names']) == 5
    assert victim.read_text() == 'mine'
    assert (tmp_path / 'who.csv').is_file()


def test_a_preview_appears_with_its_set(tmp_path, made, monkeypatch):
    folder = tmp_path / 'sheets'
    monkeypatch.setattr(set_folder, '_ON_SHEET', 2)
    original, drawn = set_folder.landmark_sheet, []

    def killed(*args):
        if len(drawn) == 2:
            raise KeyboardInterrupt
        drawn.append(1)
        return original(*args)

    monkeypatch.setattr(set_folder, 'landmark_sheet', killed)
    with pytest.raises(KeyboardInterrupt):
        prepare_points(tmp_path, preview=folder)
    assert not folder.exists() and not (tmp_path / 'set').exists()
    monkeypatch.setattr(set_folder, 'landmark_sheet', original)
    made['names'].clear()
    prepare_points(tmp_path, preview=folder)
    # The pictures were there.
    assert made['names'] == []
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f'sheet_00{i}.jpg' for i in (1, 2, 3)]
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {'photos', 'points.csv', 'set', 'sheets'}
    with pytest.raises(InputError) as error:
        prepare_points(tmp_path, preview=folder, dry_run=True)
    assert error.value.where in ('--out set', '--preview sheets')
