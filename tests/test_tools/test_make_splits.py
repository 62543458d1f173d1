"""Splits of a set, drawn by the function and by the command."""

import json

import pytest
from landmark_set import landmark_content, write_landmark_set
from refusals import refused

from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.datasets.landmark_file import read_split
from mmpose_ctd.datasets.splits import make_splits
from mmpose_ctd.datasets.subject_key import KEY_FILE
from mmpose_ctd.errors import InputError


@pytest.fixture
def root(tmp_path):
    return write_landmark_set(tmp_path / 'my set', landmark_content(40))


@pytest.fixture
def folder(root):
    return root / 'splits'


def edit(root, change):
    file = root / 'annotations' / 'landmarks.json'
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def test_the_command_writes_what_the_dataset_reads(root, folder, command):
    status, out, err = command('make_splits.py', root, '--seed', 3)
    assert status == 0, err
    loaded = {}
    for name in ('train', 'val', 'test'):
        data = CIFASDDataset(
            data_root=str(root),
            ann_file='annotations/landmarks.json',
            split=f'splits/{name}.txt',
        )
        loaded[name] = len(data)
    # Two images a subject, of 20 subjects.
    assert loaded == dict(train=28, val=4, test=8)
    assert 'subject1' not in out + err
    # How the files were made, but not where.
    text = (folder / 'test.txt').read_text()
    header = [line for line in text.splitlines() if line.startswith('#')]
    assert 'mmpose_ctd split' in header[0] and '--seed 3' in header[0]
    assert 'scheme subject, seed 3' in header[1]
    assert '4 subjects, 8 labelled images; subjects by site: ' in header[2]
    assert str(root.parent) not in text
    assert (root / KEY_FILE).is_file()


def test_the_command_shows_a_table_and_errors_in_one_line(
    root, folder, command
):
    status, out, _ = command('make_splits.py', root, '--dry-run')
    assert status == 0 and 'train.txt' in out and 'Nothing was' in out
    assert not folder.exists()
    status, _, err = command('make_splits.py', root, '--scheme', 'image')
    assert status == 2 and '--allow-shared-subjects' in err
    assert 'Traceback' not in err


def contents(folder):
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_files_stay_unless_forced(root, folder):
    make_splits(root)
    before = contents(folder)
    with refused(str(folder)):
        make_splits(root)
    assert contents(folder) == before
    make_splits(root, seed=1, force=True)
    after = contents(folder)
    assert len(after) == 3
    assert not {*after.values()} & {*before.values()}


@pytest.mark.parametrize(
    'first, then, grown',
    [
        # More seeds of a set that has grown since.
        (
            dict(scheme='budgets', budgets=(4,), seed=(0, 1)),
            dict(seed=(0, 1, 2)),
            True,
        ),
        # More of one seed.
        (dict(scheme='budgets', budgets=(4,)), dict(budgets=(2, 4, 8)), False),
    ],
)
def test_missing_files_are_added(tmp_path, first, then, grown):
    root = write_landmark_set(tmp_path / 'set', landmark_content(40))
    make_splits(root, **first)
    before = contents(root / 'splits')
    if grown:
        content = landmark_content(48)
        write_landmark_set(tmp_path / 'more', content)
        edit(root, lambda c: c.update(content))
    drawn = make_splits(root, **{**first, **then})
    after = contents(root / 'splits')
    assert {file.name for file in drawn.files} == {*after} - {*before} != set()
    assert after | before == after
    # What is shown is what the files say.
    for partition in drawn.partitions:
        for name, lines in partition.items():
            assert read_split(str(root / 'splits' / f'{name}.txt')) == lines


def test_a_file_of_another_drawing_is_not_completed(root, folder):
    """Its training people could be the new test people."""
    make_splits(root, scheme='kfold', folds=2, val=0)
    before = contents(folder)
    (folder / 'train_fold2of2_seed0.txt').unlink()
    make_splits(root, scheme='kfold', folds=2, val=0)
    assert read_split(str(folder / 'train_fold2of2_seed0.txt'))
    (folder / 'train_fold2of2_seed0.txt').unlink()
    test = folder / 'test_fold1of2_seed0.txt'
    test.write_text('\n'.join(before[test.name].splitlines()[:-1]))
    with refused(found=test.name):
        make_splits(root, scheme='kfold', folds=2, val=0)


def test_by_image_needs_permission(root, folder):
    with refused(found='subjects would be in both'):
        make_splits(root, scheme='image')
    assert not folder.exists()
    drawn = make_splits(root, scheme='image', allow_shared_subjects=True)
    assert len(drawn.files) == 3
    lines = read_split(str(folder / 'test.txt'))
    assert len(lines) == 8 and lines[0].startswith('image:')
    parts = [line for file in drawn.files for line in read_split(str(file))]
    assert len(parts) == len({*parts}) == 40


def test_budgets_keep_an_existing_test(root, folder):
    make_splits(root)
    test = read_split(str(folder / 'test.txt'))
    drawn = make_splits(
        root, scheme='budgets', budgets=(4, 8), seed=(0, 1), command='made'
    )
    assert any('test.txt, val.txt' in note for note in drawn.notes)
    for seed in (0, 1):
        four, eight = (
            read_split(str(folder / f'train_n00{n}_seed{seed}.txt'))
            for n in (4, 8)
        )
        assert {*four} < {*eight} and not {*eight} & {*test}


@pytest.mark.parametrize(
    'subject', ['a #b', 'a\nb', ' a', 'image:b', 'a\x0bb']
)
def test_ids_that_no_split_file_can_hold_are_refused(root, folder, subject):
    def change(content):
        for image in content['images']:
            if image['subject'] == 'subject1':
                image['subject'] = subject

    edit(root, change)
    if subject == ' a':  # read without its space
        make_splits(root)
        return
    with pytest.raises(InputError):
        make_splits(root)
    assert not folder.exists() or not list(folder.iterdir())


def test_images_without_subject_or_points_are_noted(root):
    def change(content):
        for image in content['images'][:3]:
            image['subject'] = None
        content['annotations'].pop()

    edit(root, change)
    notes = ' '.join(make_splits(root, dry_run=True).notes)
    assert '3 labelled images have no subject' in notes
    assert '1 images without labels do not count' in notes
