"""A config for a prepared set needs no other file."""

import shutil

import pytest
from landmark_set import NAMES, landmark_content, write_landmark_set
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.registry import DATASETS
from refusals import refused

from mmpose_ctd.apis.config_writer import new_config
from mmpose_ctd.errors import MissingFileError
from mmpose_ctd.input_framing import input_framing


@pytest.fixture
def root(tmp_path):
    splits = {
        part: [f'subject{i}']
        for i, part in enumerate(['train', 'val', 'test'])
    }
    write_landmark_set(tmp_path / 'set', landmark_content(6), splits)
    return tmp_path / 'set'


@pytest.mark.parametrize('base', ['ctd_ed_sface', 'ft_resnet50', 'rle_head'])
def test_the_file_alone_is_the_config(root, tmp_path, base):
    out = tmp_path / 'configs' / 'myset.py'
    made = new_config(out, base, root)
    found = Config.fromfile(out)
    assert found.to_dict() == made.to_dict()
    assert '_base_' not in out.read_text()
    assert found.num_keypoints == len(NAMES)
    head = found.model.head
    assert head.get('out_channels', head.get('num_joints')) == len(NAMES)
    for part in ('train', 'val', 'test'):
        dataset = found[f'{part}_dataloader'].dataset
        assert dataset.split == f'splits/{part}.txt'
        assert dataset.data_root == f'{root}/'
    assert found.default_hooks.checkpoint.save_best == 'landmark/ME'
    # Comparable between framings.
    assert found.test_evaluator.unit == 'image'


@pytest.mark.parametrize('base', ['best', 'rtmpose_simcc_head'])
def test_each_setting_in_the_file_has_an_effect(root, tmp_path, base):
    out = tmp_path / 'myset.py'
    new_config(out, base, root)
    cfg = Config.fromfile(out)
    assert not {'train_pipeline', 'codec', 'max_iters'} & cfg.keys()
    elsewhere = f'{tmp_path}/else where/'
    out.write_text(out.read_text().replace(f'{root}/', elsewhere))
    cfg = Config.fromfile(out)
    assert out.read_text().count(elsewhere) == 1
    for part in ('train', 'val', 'test'):
        assert cfg[f'{part}_dataloader'].dataset.data_root == elsewhere


def test_the_folder_of_checkpoints_stays_in_the_environment(
    root, tmp_path, monkeypatch
):
    monkeypatch.setenv('CTD_CHECKPOINTS', str(tmp_path / 'mine'))
    out = tmp_path / 'myset.py'
    made = new_config(out, 'ctd_ed_sface', root)
    assert made.model.teacher.checkpoint == f'{tmp_path}/mine/sface.pth'
    monkeypatch.delenv('CTD_CHECKPOINTS')
    cfg = Config.fromfile(out)
    assert cfg.model.teacher.checkpoint == 'checkpoints/sface.pth'


def test_the_framing_can_be_chosen(root, tmp_path):
    cfg = new_config(
        tmp_path / 'c.py', 'ft_sface', root, input_size=128, face_side=1.1
    )
    seen = input_framing(cfg.test_dataloader.dataset)
    assert seen['input_size'] == [128, 128] and seen['face_side'] == 1.1
    assert cfg.model.head.decoder.input_size == (128, 128)


def test_without_validation_subjects_nothing_is_validated(root, tmp_path):
    (root / 'splits' / 'val.txt').unlink()
    cfg = new_config(tmp_path / 'c.py', 'ft_sface', root)
    assert cfg.val_dataloader is None and cfg.val_cfg is None
    assert 'save_best' not in cfg.default_hooks.checkpoint


def test_what_is_missing_is_named(root, tmp_path):
    out = tmp_path / 'c.py'
    with refused(expected='ft_sface', kind=MissingFileError):
        new_config(out, 'ft_sfase', root)
    shutil.rmtree(root / 'splits')
    with refused(found='train.txt', kind=MissingFileError):
        new_config(out, 'ft_sface', root)
    assert not out.exists()
    out.write_text('mine')
    with refused(str(out)):
        new_config(out, 'ft_sface', root)
    assert out.read_text() == 'mine'


def test_the_sites_and_unlabelled_photographs_are_the_sets_own(tmp_path):
    content = landmark_content(12)
    splits = {
        part: [f'subject{i}', f'subject{i + 3}']
        for i, part in enumerate(['train', 'val', 'test'])
    }
    write_landmark_set(tmp_path / 'set', content, splits)
    cfg = new_config(tmp_path / 'all.py', 'best', tmp_path / 'set')
    assert cfg.model.head.sites == ['3dsk', 'london']
    # Every photograph has labels.
    loader = cfg.train_dataloader
    assert loader.dataset.type == 'CIFASDDataset' and loader.batch_size == 8
    assert 'batch_sampler' not in loader

    # One photograph of a training and one of a test subject have none.
    people = {'subject0': 1, 'subject2': 1}
    for image in content['images']:
        image.pop('site')
        if people.pop(image['subject'], 0):
            content['annotations'] = [
                one
                for one in content['annotations']
                if one['image_id'] != image['id']
            ]
    write_landmark_set(tmp_path / 'some', content, splits)
    cfg = new_config(tmp_path / 'some.py', 'best', tmp_path / 'some')
    assert cfg.model.head.sites == []
    dataset = cfg.train_dataloader.dataset
    assert dataset.unlabelled.ann_file == dataset.ann_file
    assert dataset.unlabelled.exclude == [
        'splits/test.txt',
        'splits/val.txt',
    ]
    dataset.unlabelled.mesh_labels = False
    with DefaultScope.overwrite_default_scope('mmpose'):
        built = DATASETS.build(dataset | dict(pipeline=[]))
    assert len(built) - len(built.labelled_indices()) == 1
