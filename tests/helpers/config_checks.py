"""What every config a user can run has to pass."""

import pytest
from config_set import CONFIGS
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.registry import MODELS

from mmpose_ctd.apis.config_components import check_components
from mmpose_ctd.apis.config_settings import check_settings
from mmpose_ctd.errors import MissingFileError
from mmpose_ctd.framing import merge_options
from mmpose_ctd.input_framing import input_framing


def loader(data_root, checkpoints, monkeypatch):
    """Reads a config, named relative to configs/ or by its whole path."""

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


def check_parts(path):
    """Its components are registered, its settings read, its framing one."""
    cfg = Config.fromfile(path)
    # MMPoseInferencer asks for it.
    assert cfg.data_mode == 'topdown'
    check_components(cfg)
    check_settings(cfg)
    train, test = (
        input_framing(cfg[f'{loader}_dataloader'].dataset)
        for loader in ('train', 'test')
    )
    assert train and train == test


def check_without_the_teachers_file(load, name, monkeypatch):
    """It builds without that file, and says that it is missing."""
    load(name)
    monkeypatch.setenv('CTD_CHECKPOINTS', '/nowhere')
    cfg = Config.fromfile(CONFIGS / name)
    model = MODELS.build(cfg.model)
    assert model.teacher is None
    asks = model._init_from_teacher or model.active_regularizers
    if 'teacher' not in cfg.model or not asks:
        model.init_weights()
        return
    if 'init_cfg' in cfg.model.backbone:
        # Another network's start, which mmengine reads.
        with pytest.raises(FileNotFoundError, match='/nowhere/'):
            model.init_weights()
        return
    with pytest.raises(MissingFileError) as error:
        model.init_weights()
    message = str(error.value)
    assert '/nowhere/' in message and 'To get it:' in message


def check_two_iterations(load, name, tmp_path):
    """Train for two iterations and validate."""
    # Of the configs that can be small; an hourglass halves five times.
    side = 128 if 'hourglass' in str(name) else 64
    cfg = load(name)
    if 'hourglass' in str(name):
        cfg.model.backbone.update(
            stage_channels=(256, *[64] * 5), stage_blocks=(1,) * 6
        )
    merge_options(cfg, {'framing.input_size': side})
    if 'sites' in cfg.model.head:
        # Those of the synthetic faces.
        cfg.model.head.sites = ['north', 'south']
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
