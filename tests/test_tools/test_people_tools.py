"""The tools compare people with those who trained, whatever splits are named.

As a user meets it: make_splits was run again, or files were renamed.
"""

import csv
import json
import shutil

import pytest
import torch
from people_set import (
    PEOPLE,
    REDRAWN,
    SPLITS,
    train_people,
    write_people,
    write_splits,
)
from tool_server import run_tool

MODEL = ('config.py', 'run/epoch_2.pth')
pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    place = tmp_path_factory.mktemp('place') / 'trained'
    root = write_people(place / 'data')
    cfg, _ = train_people(place / 'run', root)
    for loader in ('train', 'val', 'test'):
        cfg[f'{loader}_dataloader'].dataset.data_root = 'data'
    cfg.work_dir = 'run'
    for old in (place / 'run').glob('*/vis_data/config.py'):
        cfg.dump(old)
    # mmengine's copy, which is named by the time, holds other paths.
    for copy in (place / 'run').glob('*.py'):
        copy.unlink()
    cfg.dump(place / 'run/config.py')
    cfg.dump(place / 'config.py')
    return place


@pytest.fixture
def place(trained, tmp_path):
    """A copy, for a test to change."""
    shutil.copytree(trained, tmp_path / 'place')
    return tmp_path / 'place'


def call(place, tool, *arguments, status=0):
    done = run_tool(tool, *arguments, cwd=place)
    assert done.returncode == status, done.stderr
    return done


def calibrate(place, *more, status=0):
    more = [*MODEL, '--out', 'cal.json', *more]
    return call(place, 'calibrate.py', *more, status=status)


def last_line(done):
    return done.stderr.strip().splitlines()[-1]


def test_a_test_on_redrawn_splits_is_refused(place):
    write_splits(place / 'data', REDRAWN)
    done = call(place, 'test.py', *MODEL, '--out', 'm.json', status=2)
    assert '4 of the 10' in last_line(done)
    assert not any(one in done.stderr for one in PEOPLE)
    assert not (place / 'm.json').exists()


def test_a_test_on_a_split_by_image_warns_below_the_table(place):
    """Where the config itself puts people on both sides, it is meant."""
    write_splits(place / 'data', dict(test=['image:001.png', *PEOPLE[20:]]))
    done = call(place, 'test.py', *MODEL, '--out', 'm.json')
    assert '1 of the 11' in last_line(done)
    (warning,) = json.loads((place / 'm.json').read_text())['warnings']
    assert '1 of the 11' in warning


def test_a_calibration_compares_people_and_says_so(place):
    # Renamed splits of the same people.
    file = place / 'data/splits/train.txt'
    file.rename(file.with_name('first.txt'))
    option = 'train_dataloader.dataset.split=splits/first.txt'
    done = calibrate(place, '--test', '--cfg-options', option)
    assert 'people' not in done.stderr
    about = json.loads((place / 'cal.json').read_text())['about']
    assert about['people'] == 'compared'
    assert about['validation_subjects'] == 10


def test_people_who_trained_do_not_calibrate(place):
    """Whatever the files are called."""
    write_splits(place / 'data', REDRAWN)
    more = ['--cfg-options']
    for name in SPLITS:
        file = place / f'data/splits/{name}.txt'
        file.rename(file.with_name(f'{name}2.txt'))
        key = f'{name}_dataloader.dataset.split'
        more.append(f'{key}=splits/{name}2.txt')
    done = calibrate(place, *more, status=2)
    assert '4 of the 10' in last_line(done)
    assert not (place / 'cal.json').exists()


def test_training_faces_that_did_not_train_are_refused(place):
    write_splits(place / 'data', dict(train=PEOPLE[:8] + PEOPLE[18:20]))
    write_splits(place / 'data', dict(mine=PEOPLE[10:18]))
    done = calibrate(place, '--split', 'splits/mine.txt', status=2)
    assert '2 of the 10' in last_line(done)


def forget_people(place):
    """As a version made it that kept only the name of the split."""
    path = place / 'run/epoch_2.pth'
    content = torch.load(path, weights_only=False)
    del content['meta']['training_people']
    torch.save(content, path)


def test_an_old_checkpoint_is_compared_by_the_name_of_its_split(place):
    forget_people(place)
    done = calibrate(place)
    assert 'cannot be compared' in done.stderr
    about = json.loads((place / 'cal.json').read_text())['about']
    assert about['people'] != 'compared'
    done = call(
        place,
        *('measure.py', *MODEL, 'data/images', '--out', 'm.csv'),
        *('--calibration', 'cal.json', '--framing', 'image'),
    )
    assert 'were not compared' in done.stderr
    done = calibrate(
        place,
        *('--cfg-options', 'train_dataloader.dataset.split=splits/val.txt'),
        status=2,
    )
    assert 'splits/train.txt' in last_line(done)


def test_measured_people_who_trained_have_a_remark(place):
    calibrate(place)
    rows = [f'{i + 1:03d}.png,{one}\n' for i, one in enumerate(PEOPLE)]
    (place / 'table.csv').write_text('file,subject\n' + ''.join(rows))
    done = call(
        place,
        *('measure.py', *MODEL, 'data/images', '--out', 'm.csv'),
        *('--calibration', 'cal.json', '--framing', 'image'),
        *('--table', 'table.csv'),
    )
    assert '10 photographs are of people who trained' in done.stderr
    with open(place / 'm.csv', encoding='utf-8', newline='') as file:
        remarked = {
            row['file']
            for row in csv.DictReader(file)
            if 'this person trained the model' in row['remarks']
        }
    assert remarked == {f'{i:03d}.png' for i in range(1, 11)}


def test_a_report_refuses_people_who_trained_and_another_framing(place):
    option = 'test_dataloader.dataset.crop=bbox'
    done = call(place, 'report.py', 'run', '--cfg-options', option, status=2)
    assert "crop='bbox'" in last_line(done)
    write_splits(place / 'data', REDRAWN)
    done = call(place, 'report.py', 'run', status=2)
    assert '4 of the 10' in last_line(done)
    assert not (place / 'report.html').exists()


def test_a_report_of_stored_predictions_compares_people_again(place):
    call(place, 'report.py', 'run')
    page = (place / 'report.html').read_text()
    assert 'cannot be compared' not in page
    # The predictions of the first report are still valid.
    path = place / 'run/epoch_2.pth'
    content = torch.load(path, weights_only=False)
    ((key, _),) = content['meta']['training_people']['hashes'].items()
    (place / 'data/subject_key.txt').unlink()
    call(place, 'report.py', 'run')
    page = (place / 'report.html').read_text()
    assert 'cannot be compared' in page
    assert key not in page
