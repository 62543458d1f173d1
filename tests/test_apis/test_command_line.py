"""What the tools' command lines accept, and how they tell a mistake."""

import argparse
import errno
import logging
import os
import warnings
from pathlib import Path
from urllib.error import URLError

import pytest
from config_set import CONFIGS
from torch.utils.data import DataLoader, Dataset

from mmpose_ctd.apis.command_line import (
    add_runner_arguments,
    load_config,
    run,
)
from mmpose_ctd.errors import InputError, MissingFileError

CONFIG = """
max_iters = 500
model = dict(type='CTDTopdownPoseEstimator', head=dict(out_channels=19))
train_cfg = dict(max_iters=max_iters)
param_scheduler = [dict(type='PolyLR', end=max_iters)]
default_hooks = dict(
    visualization=dict(type='LandmarkFigureHook', enable=False))
custom_hooks = [dict(type='SyncBuffersHook'), dict(type='PrivacyHook')]
"""


@pytest.fixture(autouse=True)
def process_state(monkeypatch):
    """What these functions set for their process lasts for a test only."""
    monkeypatch.setenv('LOCAL_RANK', '1')
    monkeypatch.delenv('LOCAL_RANK')
    # A tool that ran in this process before may have set one.
    logging.setLogRecordFactory(logging.LogRecord)
    with warnings.catch_warnings():
        yield


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('mine.py').write_text(CONFIG)

    def load(*arguments, config='mine.py'):
        parser = argparse.ArgumentParser()
        parser.add_argument('config')
        add_runner_arguments(parser)
        return load_config(parser.parse_args([config, *arguments]))

    return load


def refused(load, *arguments, **options) -> InputError:
    with pytest.raises(InputError) as caught:
        load(*arguments, **options)
    assert '\n' not in str(caught.value)
    return caught.value


def test_the_work_dir_is_named_by_the_config_unless_given(load):
    assert load().work_dir == os.path.join('work_dirs', 'mine')
    assert load('--work-dir', 'here').work_dir == 'here'
    Path('own.py').write_text(CONFIG + "work_dir = 'of_the_file'\n")
    assert load(config='own.py').work_dir == 'of_the_file'
    assert load('--work-dir', 'x', config='own.py').work_dir == 'x'
    options = ['--cfg-options', 'work_dir=option']
    assert load(*options, config='own.py').work_dir == 'option'


def test_options_of_the_framing_are_applied(load, monkeypatch):
    path = str(CONFIGS / 'frl_faces' / 'ft_sface.py')
    cfg = load('--cfg-options', 'framing.input_size=64', config=path)
    assert cfg.model.head.decoder.input_size == (64, 64)
    broken = 'test_dataloader.dataset.pipeline.2.input_size=[32,32]'
    error = refused(
        load, '--cfg-options', 'framing.input_size=64', broken, config=path
    )
    assert error.where == 'test_dataloader.dataset.pipeline'
    monkeypatch.setenv('CTD_INPUT_SIZE', '64')
    assert refused(load, config=path).where == 'CTD_INPUT_SIZE'


@pytest.mark.parametrize(
    ('options', 'where', 'told'),
    [
        (['modle.head.x=7'], '--cfg-options modle.head.x', 'custom_hooks'),
        (['max_iters=7'], '--cfg-options max_iters', 'train_cfg.max_iters'),
        (['param_scheduler.4.end=7'], '--cfg-options', '4'),
        (['model.x', '=', '7'], '--cfg-options', "'model.x'"),
        (['model.x=[1,2'], '--cfg-options model.x', "'[1,2'"),
    ],
)
def test_an_option_that_nothing_would_read_is_refused(
    load, options, where, told
):
    error = refused(load, '--cfg-options', *options)
    assert error.where == where and told in str(error)


def test_settings_of_workers_need_workers(load):
    Path('loaders.py').write_text(
        CONFIG
        + 'train_dataloader = dict(num_workers=2, persistent_workers=True)\n'
        + 'test_dataloader = dict(persistent_workers=True)\n'
    )
    cfg = load(config='loaders.py')
    assert cfg.train_dataloader.persistent_workers
    assert not cfg.test_dataloader
    option = ['--cfg-options', 'train_dataloader.num_workers=0']
    cfg = load(*option, config='loaders.py')
    assert cfg.train_dataloader == dict(num_workers=0)


def test_an_error_of_ours_in_a_config_keeps_its_fields(load):
    with pytest.raises(MissingFileError) as caught:
        load(config='nowhere.py')
    assert caught.value.where == 'nowhere.py'
    Path('close.py').write_text(
        "_base_ = './mine.py'\n"
        'from mmpose_ctd.framing import framing\n'
        'locals().update(framing(_base_, 100))\n'
    )
    assert refused(load, config='close.py').where == 'framing.input_size'


@pytest.mark.parametrize(
    'name, text, words',
    [
        ('syntax.py', 'a = (\n', 'SyntaxError'),
        ('base.py', "_base_ = './gone.py'\n", 'gone.py'),
        ('code.py', 'a = 1 / 0\n', 'division by zero'),
        (
            'imports.py',
            "custom_imports = dict(imports=['no_such_plugin'], "
            'allow_failed_imports=False)\n',
            'no_such_plugin',
        ),
    ],
)
def test_a_broken_config_is_one_line(load, name, text, words):
    Path(name).write_text(text)
    error = refused(load, config=name)
    assert error.where == name and words in error.found


def test_show_dir_draws_into_an_absolute_folder(load, tmp_path):
    assert not load().default_hooks.visualization.enable
    hook = load(
        *('--show-dir', 'pictures', '--interval', '3', '--wait-time', '0.5'),
        # Options come after the arguments.
        *('--cfg-options', 'default_hooks.visualization.interval=5'),
    ).default_hooks.visualization
    assert hook == dict(
        type='LandmarkFigureHook',
        enable=True,
        show=False,
        out_dir=str(tmp_path / 'pictures'),
        interval=5,
        wait_time=0.5,
    )
    hook = load('--show').default_hooks.visualization
    assert hook.enable and hook.show and hook.out_dir is None
    Path('bare.py').write_text("model = dict(type='A')\n")
    error = refused(load, '--show-dir', 'out', config='bare.py')
    assert error.where == '--show, --show-dir'


def logged_path() -> str:
    make = logging.getLogRecordFactory()
    record = make('x', logging.INFO, 'f', 1, 'in /home/jane/doe', (), None)
    return record.getMessage()


def test_paths_stay_out_of_checkpoints_and_logs_unless_kept(load):
    cfg = load('--keep-paths')
    assert [h.type for h in cfg.custom_hooks] == ['SyncBuffersHook']
    assert logged_path() == 'in /home/jane/doe'
    kinds = {hook.type for hook in load().custom_hooks}
    assert kinds == {'SyncBuffersHook', 'PrivacyHook'}
    assert 'jane' not in logged_path()


def test_the_launcher_and_its_local_rank_are_those_of_mmpose(load):
    assert load('--launcher', 'slurm', '--local-rank', '2').launcher == 'slurm'
    assert os.environ['LOCAL_RANK'] == '2'
    # torchrun's own word counts more.
    option = ['--cfg-options', 'launcher=slurm']
    assert load('--local_rank', '3', *option).launcher == 'slurm'
    assert os.environ['LOCAL_RANK'] == '2'


@pytest.mark.parametrize(
    ('arguments', 'where'),
    [
        (['--launcher', 'pytorch'], '--launcher pytorch'),
        (['--cfg-options', 'launcher=pytorch'], '--launcher pytorch'),
        (['--cfg-options', 'launcher=torch'], '--cfg-options launcher'),
    ],
)
def test_a_launcher_that_did_not_launch_is_refused(
    load, monkeypatch, arguments, where
):
    monkeypatch.delenv('RANK', raising=False)
    with pytest.raises(InputError) as caught:
        load(*arguments)
    assert caught.value.where == where and caught.value.expected


def outcome(main, capsys) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a tool."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        run(main)
    return caught.value.code, *capsys.readouterr()


class WrongFaces(Dataset):
    def __len__(self):
        return 1

    def __getitem__(self, i):
        raise InputError(f'a.png: the image {i} is too large.')


def test_a_mistake_found_by_a_worker_is_one_line_too(capsys):
    def main():
        list(DataLoader(WrongFaces(), num_workers=1))

    status, _, err = outcome(main, capsys)
    assert status == 2
    assert err == 'error: a.png: the image 0 is too large.\n'


@pytest.mark.parametrize(
    'error',
    [
        *(
            OSError(number, os.strerror(number), 'w/iter_2.pth')
            for number in (errno.ENOSPC, errno.EACCES, errno.EMFILE)
        ),
        ConnectionResetError(errno.ECONNRESET, 'reset'),
        URLError('no network'),
    ],
)
def test_an_error_of_machine_or_network_is_one_line(capsys, error):
    def main():
        raise error

    status, _, err = outcome(main, capsys)
    assert status == 2 and err.count('\n') == 1
    if error.filename:
        assert error.filename in err and error.strerror in err


@pytest.mark.parametrize('how', ['', '--resume goes on from a.pth.'])
def test_an_interruption_is_status_130(capsys, how):
    def main():
        raise KeyboardInterrupt(how)

    status, out, err = outcome(main, capsys)
    assert status == 130 and 'Traceback' not in err
    # It promises nothing that the tool does not.
    assert ('--resume' in out) == bool(how)


@pytest.mark.parametrize(
    'bug',
    [
        KeyError('a bug'),
        FileNotFoundError(errno.ENOENT, 'No such file', '/nonexistent'),
        OSError('a bug'),
    ],
)
def test_a_mistake_of_ours_keeps_its_trace(bug):
    def main():
        raise bug

    with pytest.raises(type(bug)) as caught:
        run(main)
    assert caught.value is bug
