"""A config runs without its data and its teacher's file."""

import pytest
from config_set import CONFIGS
from mmengine.config import Config
from refusals import refused

from mmpose_ctd.apis import stand_in
from mmpose_ctd.apis.stand_in import use_stand_ins
from mmpose_ctd.datasets.synthetic import make_synthetic_faces


@pytest.fixture
def small_faces(monkeypatch):
    """They are quicker to draw."""
    monkeypatch.setattr(
        stand_in,
        'make_synthetic_faces',
        lambda folder, *_, **__: make_synthetic_faces(folder, 4, size=64),
    )


@pytest.mark.usefixtures('small_faces')
def test_a_set_with_other_landmarks_is_refused(tmp_path):
    cfg = Config.fromfile(CONFIGS / 'frl_faces' / 'ft_sface.py')
    cfg.train_dataloader.dataset.num_keypoints = 14
    with refused('train_dataloader.dataset.num_keypoints'):
        use_stand_ins(cfg, tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures('small_faces')
def test_it_trains_and_says_that_the_numbers_mean_nothing(
    tmp_path, monkeypatch, command
):
    for name in ('CTD_DATA_ROOT', 'CTD_CHECKPOINTS'):
        monkeypatch.setenv(name, '/nowhere')
    config = str(CONFIGS / 'frl_faces' / 'ctd_ed_sface.py')
    options = [
        '--cfg-options',
        'framing.input_size=64',
        'train_cfg.max_iters=2',
    ]
    monkeypatch.chdir(tmp_path)
    status, out, err = command('train.py', config, '--stand-in', *options)
    assert status == 0 and out.count(stand_in.NOTICE) == 2
    assert len((out + err).splitlines()) < 50
    folder = tmp_path / 'work_dirs' / 'ctd_ed_sface_stand_in'
    assert (folder / 'iter_2.pth').is_file()
