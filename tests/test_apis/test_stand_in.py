"""A config runs without its data and its teacher's file."""

import pytest
from config_set import CONFIGS

from mmpose_ctd.apis import stand_in
from mmpose_ctd.datasets.synthetic import make_synthetic_faces


@pytest.mark.slow
def test_it_trains_and_says_that_the_numbers_mean_nothing(
    tmp_path, monkeypatch, command
):
    # Few faces are quicker to draw.
    monkeypatch.setattr(
        stand_in,
        'make_synthetic_faces',
        lambda folder, *_, **__: make_synthetic_faces(folder, 4, size=64),
    )
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
