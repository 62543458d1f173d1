"""A run that was killed goes on; a set appears at once."""

import json

import pytest
from clinic_folder import make_clinic, wide_csv

from mmpose_ctd.datasets.preparation import (
    PrepareOptions,
    picture_maker,
    prepare,
)
from mmpose_ctd.datasets.preparation.journal import Journal
from mmpose_ctd.errors import InputError


class Killed(BaseException):
    """What no except clause of the package catches."""


@pytest.fixture
def made(monkeypatch):
    """Counts the pictures made; kills the run before one if told to."""
    log = {'names': [], 'kill_at': None}
    original = picture_maker.make_picture

    def make_picture(path, job, *args):
        if len(log['names']) == log['kill_at']:
            raise Killed
        log['names'].append(job.path)
        return original(path, job, *args)

    monkeypatch.setattr(picture_maker, 'make_picture', make_picture)
    return log


def run(tmp_path, count=5, **options):
    if not (tmp_path / 'photos').exists():
        clinic = make_clinic(tmp_path / 'photos', count, size=(96, 120))
        (tmp_path / 'points.csv').write_text(wide_csv(clinic))
    return prepare(
        str(tmp_path / 'photos'),
        str(tmp_path / 'points.csv'),
        str(tmp_path / 'set'),
        PrepareOptions(**{'crop': 'landmarks', 'size': 48, **options}),
        progress=False,
    )


def files_of(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob('*')
        if p.is_file()
    }


def kill(tmp_path, made, at, **options):
    made['kill_at'] = at
    with pytest.raises(Killed):
        run(tmp_path, **options)
    made['kill_at'] = None
    made['names'].clear()
    assert not (tmp_path / 'set').exists()


@pytest.mark.parametrize('at', [0, 1, 3, 4])
def test_a_killed_run_goes_on_to_the_same_set(tmp_path, made, at):
    kill(tmp_path, made, at)
    report = run(tmp_path)
    assert len(made['names']) == 5 - at
    assert report.exit_status == 0
    resumed = files_of(tmp_path / 'set')
    (tmp_path / 'set').rename(tmp_path / 'first')
    run(tmp_path)
    assert files_of(tmp_path / 'set') == resumed
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        'first',
        'photos',
        'points.csv',
        'set',
    ]


def test_other_options_start_anew(tmp_path, made):
    kill(tmp_path, made, 3)
    run(tmp_path, size=32, image_format='png')
    assert len(made['names']) == 5
    names = sorted(p.name for p in (tmp_path / 'set/images').iterdir())
    assert names == [f'{i:06d}.png' for i in range(1, 6)]


def test_a_changed_photograph_or_point_is_made_anew(tmp_path, made):
    kill(tmp_path, made, 4)
    photo = tmp_path / 'photos/child0_visit0.png'
    photo.write_bytes((tmp_path / 'photos/child1_visit1.png').read_bytes())
    text = (tmp_path / 'points.csv').read_text().splitlines()
    text[2] = text[2].replace('.', '.1', 2).replace('.1png', '.png')
    (tmp_path / 'points.csv').write_text('\n'.join(text))
    run(tmp_path)
    assert made['names'] == [
        'child0_visit0.png',
        'child0_visit1.png',
        'child2_visit0.png',
    ]


def test_half_a_line_and_half_a_picture_are_made_anew(tmp_path, made):
    kill(tmp_path, made, 4)
    staged = tmp_path / '.set.unfinished'
    journal = staged / 'journal.jsonl'
    journal.write_text(journal.read_text()[:-40])
    picture = staged / 'images/000002.jpg'
    picture.write_bytes(picture.read_bytes()[:-10])
    (staged / 'images/000005.part').write_bytes(b'half')
    report = run(tmp_path)
    assert made['names'] == [
        'child0_visit1.png',
        'child1_visit1.png',
        'child2_visit0.png',
    ]
    assert any('2 pictures were there' in note for note in report.notes)
    assert len(list((tmp_path / 'set/images').iterdir())) == 5


def test_two_runs_do_not_write_the_same_set(tmp_path, made):
    staged = tmp_path / '.set.unfinished'
    (staged / 'images').mkdir(parents=True)
    journal = Journal(staged)
    with pytest.raises(InputError, match='another run'):
        run(tmp_path)
    journal.close()
    assert run(tmp_path).exit_status == 0


def test_the_report_is_whole_after_a_restart(tmp_path, made):
    kill(tmp_path, made, 3, size=90)
    run(tmp_path, size=90)
    content = json.loads((tmp_path / 'set/report.json').read_text())
    assert [row['finding'] for row in content['rows']] == ['small'] * 5
    assert content['in_the_set'] == 5
