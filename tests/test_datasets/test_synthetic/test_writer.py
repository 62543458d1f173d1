"""Data sets of synthetic faces, as folders."""

import json
import runpy

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from mmpose_ctd.datasets.synthetic import (
    LANDMARKS,
    make_synthetic_faces,
)


def read(root):
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in sorted(root.rglob('*'))
        if p.is_file()
    }


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    root = tmp_path_factory.mktemp('synthetic') / 'faces'
    return make_synthetic_faces(root, 24, size=48)


def test_layout_loads_with_pycocotools(dataset, capsys):
    coco = COCO(str(dataset / 'annotations' / 'landmarks19.json'))
    assert len(coco.imgs) == len(coco.anns) == 24
    assert coco.loadCats(1)[0]['keypoints'] == list(LANDMARKS)
    for image in coco.loadImgs(coco.getImgIds()):
        pixels = cv2.imread(str(dataset / 'images' / image['file_name']))
        assert pixels.shape == (image['height'], image['width'], 3)
        assert image['subject'].startswith(image['site'])
        (annotation,) = coco.loadAnns(coco.getAnnIds(image['id']))
        points = np.reshape(annotation['keypoints'], (19, 3))
        assert (points[:, 2] == 2).all() and annotation['iscrowd'] == 0
        assert ((points[:, :2] > 0) & (points[:, :2] < 47)).all()
        assert annotation['bbox'] == [0, 0, 48, 48]
        assert annotation['num_keypoints'] == 19


def test_splits_are_disjoint_nested_and_balanced(dataset):
    splits = {
        p.stem: p.read_text().split() for p in dataset.glob('splits/*.txt')
    }
    content = json.loads(
        (dataset / 'annotations' / 'landmarks19.json').read_text()
    )
    everyone = {image['subject'] for image in content['images']}
    test, val = set(splits['test']), set(splits['val'])
    assert not test & val
    for seed in range(3):
        small = set(splits[f'train_n010_seed{seed}'])
        full = set(splits[f'train_n015_seed{seed}'])
        assert len(small) == 10 and small < full
        assert full == everyone - test - val
        assert sum(s.startswith('north') for s in small) in (4, 5, 6)
    assert splits['train_n010_seed0'] != splits['train_n010_seed1']


def test_same_arguments_same_bytes(tmp_path):
    def made(name, *arguments):
        return read(make_synthetic_faces(tmp_path / name, *arguments))

    first, again = made('a', 3, 48, 7), made('b', 3, 48, 7)
    assert first == again
    other = made('c', 3, 48, 8)
    assert first.keys() == other.keys() and first != other
    # Who a subject is does not depend on how many there are.
    more = made('d', 4, 48, 7)
    images = {k: v for k, v in first.items() if k.startswith('images')}
    assert {k: more[k] for k in images} == images


def test_replaces_data_sets_only_and_only_if_asked(tmp_path):
    out = tmp_path / 'faces'
    out.mkdir()
    make_synthetic_faces(out, 3, size=48)
    before = read(out)
    with pytest.raises(FileExistsError, match='force'):
        make_synthetic_faces(out, 3, size=48, seed=1)
    assert read(out) == before
    make_synthetic_faces(out, 3, size=48, seed=1, force=True)
    assert read(out) != before
    assert [p.name for p in tmp_path.iterdir()] == ['faces']
    (tmp_path / 'thesis.txt').write_text('years of work')
    for folder in (tmp_path, tmp_path / 'thesis.txt'):
        with pytest.raises(FileExistsError, match=str(folder)):
            make_synthetic_faces(folder, 3, size=48, force=True)
    assert (tmp_path / 'thesis.txt').read_text() == 'years of work'


def test_an_interrupted_run_leaves_nothing(tmp_path):
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_synthetic_faces(tmp_path / 'a', 3, size=48, on_image=interrupt)
    assert not list(tmp_path.iterdir())


def test_bad_arguments_are_named(tmp_path):
    for name, least in (('num_subjects', 3), ('size', 32)):
        with pytest.raises(ValueError, match=f'{name} must be at least'):
            make_synthetic_faces(tmp_path / 'a', **{name: least - 1})


def test_command_line(tmp_path, capsys, repo_root, monkeypatch):
    path = repo_root / 'tools' / 'misc' / 'make_synthetic_faces.py'
    main = runpy.run_path(str(path))['main']
    out, preview = tmp_path / 'faces', tmp_path / 'sheets' / 'faces.png'

    def run(*more):
        command = [str(out), '--num-subjects', '3', '--size', '48', *more]
        monkeypatch.setattr('sys.argv', [str(path), *command])
        return main()

    assert run('--preview', str(preview)) == 0
    assert cv2.imread(str(preview)).shape[1] > 1000
    assert '3 faces in' in capsys.readouterr().out
    assert run() == 1
    assert 'not empty' in capsys.readouterr().err
    assert run('--force') == 0
