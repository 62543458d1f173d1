"""Every config a user can run, built and run."""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.registry import MODELS
from toy_models import random_source_file

from mmpose_ctd.datasets.synthetic import make_synthetic_faces
from mmpose_ctd.errors import MissingFileError

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
NAMES = sorted(
    str(path.relative_to(CONFIGS))
    for path in CONFIGS.rglob('*.py')
    if '_base_' not in path.parts
)


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    """Synthetic faces where each config looks for its own set."""
    root = tmp_path_factory.mktemp('data')
    faces = make_synthetic_faces(root / 'synthetic_faces', 12, size=64)
    splits = faces / 'splits'
    names = max(splits.glob('train_n*_seed0.txt')).read_text()
    for split in ('train', 'train_n020_seed0'):
        (splits / f'{split}.txt').write_text(names)
    own = faces / 'annotations' / 'landmarks.json'
    own.write_text((faces / 'annotations' / 'landmarks19.json').read_text())
    for name in ('frl_faces', 'cifasd'):
        (root / name).symlink_to(faces)
    return root


@pytest.fixture(scope='module')
def checkpoints(tmp_path_factory):
    """Random weights in the form of the converted source models."""
    root = tmp_path_factory.mktemp('checkpoints')
    random_source_file(root / 'sface.pth')
    random_source_file(
        root / 'vggface2_resnet50.pth', 'VGGFace2ResNet', 'PooledClassifier'
    )
    return root


@pytest.fixture
def load(data_root, checkpoints, monkeypatch):
    def load(name):
        monkeypatch.setenv('CTD_DATA_ROOT', str(data_root))
        monkeypatch.setenv('CTD_CHECKPOINTS', str(checkpoints))
        return Config.fromfile(CONFIGS / name)

    return load


def flat(value, at=''):
    """All settings of a config: dotted key -> value."""
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, (list, tuple)):
        pairs = enumerate(value)
    else:
        return {at: value}
    return {
        k: v for key, x in pairs for k, v in flat(x, f'{at}.{key}').items()
    }


def test_there_are_configs():
    assert {
        'ctd_ed_resnet50.py',
        'frl_faces/ft_sface.py',
        'frl_faces/ctd_ed_sface.py',
        'frl_faces/ctd_cd_sface.py',
    } <= set(NAMES)


@pytest.mark.parametrize('name', NAMES)
def test_it_builds_without_the_teachers_file(name, load, monkeypatch):
    load(name)
    monkeypatch.setenv('CTD_CHECKPOINTS', '/nowhere')
    cfg = Config.fromfile(CONFIGS / name)
    model = MODELS.build(cfg.model)
    assert model.teacher is None
    with pytest.raises(MissingFileError) as error:
        model.init_weights()
    message = str(error.value)
    assert '/nowhere/' in message and 'To get it:' in message


@pytest.mark.slow
@pytest.mark.parametrize('name', NAMES)
def test_two_iterations_and_a_validation(name, load, tmp_path):
    cfg = load(name)
    cfg.work_dir = str(tmp_path)
    cfg.log_level = 'ERROR'
    cfg.train_cfg.update(max_iters=2, val_interval=2)
    cfg.train_dataloader.update(
        batch_size=2, num_workers=0, persistent_workers=False
    )
    cfg.val_dataloader.update(
        batch_size=2, num_workers=0, persistent_workers=False
    )
    runner = Runner.from_cfg(cfg)
    runner.train()
    hub = runner.message_hub
    assert hub.get_scalar('train/loss').current() > 0
    assert 0 < hub.get_scalar('val/landmark/ME').current() < 256
    regularised = bool(runner.model.active_regularizers)
    assert (runner.model.teacher is not None) == regularised
    for term in runner.model.active_regularizers:
        assert f'train/loss_{term}' in hub.log_scalars
    best = list(tmp_path.glob('best_landmark_ME*.pth'))
    assert bool(best) == ('save_best' in cfg.default_hooks.checkpoint)


@pytest.mark.parametrize('system', ['ctd_ed', 'ctd_cd'])
def test_a_system_differs_from_fine_tuning_in_its_regulariser_alone(
    system, load
):
    base = flat(load('frl_faces/ft_sface.py').to_dict())
    ours = flat(load(f'frl_faces/{system}_sface.py').to_dict())
    assert {k: ours.get(k) for k in base} == base
    added = set(ours) - set(base)
    assert added
    assert all(key.startswith('.model.regularizers.') for key in added)


def test_training_and_test_subjects_come_from_files_of_the_config(load):
    cfg = load('frl_faces/ctd_ed_sface.py')
    assert cfg.train_dataloader.dataset.split.endswith('n020_seed0.txt')
    assert cfg.test_dataloader.dataset.split == 'splits/test.txt'
    cfg.merge_from_dict(
        {'train_dataloader.dataset.split': 'splits/train_n080_seed1.txt'}
    )
    assert cfg.train_dataloader.dataset.split.endswith('n080_seed1.txt')


@pytest.mark.real_data
@pytest.mark.parametrize('name', ['frl_faces/ft_sface.py'])
def test_the_real_faces_fit_the_config(name, load, shared_root, monkeypatch):
    load(name)
    monkeypatch.setenv('CTD_DATA_ROOT', str(shared_root / 'data'))
    cfg = Config.fromfile(CONFIGS / name)
    loaders = (cfg.train_dataloader, cfg.test_dataloader)
    datasets = [Runner.build_dataloader(c).dataset for c in loaders]
    assert [len(d) for d in datasets] == [20, 60]
    subjects = [
        {d.get_data_info(i)['subject'] for i in range(len(d))}
        for d in datasets
    ]
    assert not subjects[0] & subjects[1]
    sample = datasets[0][0]
    assert sample['inputs'].shape == (3, 256, 256)
    assert sample['data_samples'].gt_fields.heatmaps.shape == (19, 64, 64)
