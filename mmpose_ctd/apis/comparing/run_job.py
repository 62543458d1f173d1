"""Does one job in a process of its own: trains, and tests.

python -m mmpose_ctd.apis.comparing.run_job FOLDER [PARENT]

It ends when the process PARENT does.
"""

import datetime
import logging
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import torch
from mmengine.config import Config

from mmpose_ctd.apis.command_line import import_mmpose_quietly, run
from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers.checkpoint import read_checkpoint
from mmpose_ctd.people_overlap import refuse_unlabelled_overlap
from mmpose_ctd.privacy import redact_logs

from .commit import commit
from .job_folder import JobFolder, write_json
from .parent_watch import end_with
from .plan import COMMAND_PLACES

__all__ = ['main']


def main() -> None:
    """Do what ``job.json`` of the folder says; write ``result.json``."""
    if len(sys.argv) > 2:
        end_with(int(sys.argv[2]))
    folder = JobFolder(Path(sys.argv[1]))
    job = folder.read(folder.job)
    if job is None:
        raise InputError(f'{folder.job}: cannot be read.')
    # As it was when the process began.
    version = commit()
    redact_logs()
    import_mmpose_quietly()
    started = datetime.datetime.now(datetime.UTC).isoformat('T', 'seconds')
    told = dict(started=started, commit=version)
    if job['command']:
        trained, tests = _by_command(folder, job)
    else:
        trained = _train(folder, job, told)
        tests = _test(folder, job)
    # After the training: it may have set the threads.
    from mmpose_ctd.machine import machine_class

    machine = machine_class()
    del machine['load']
    told['environment'] = machine
    write_json(folder.result, told | trained | dict(tests=tests))


def _train(folder: JobFolder, job: dict, told: dict) -> dict:
    """Train, or go on; leave nothing but weights.

    Args:
        folder (JobFolder): Where.
        job (dict): What.
        told (dict): Beginning and commit of this process.

    Returns:
        dict: Seconds, how often resumed, and beginning and commit of the
        process that trained: of weights that were kept it was another.
    """
    from mmpose_ctd.apis.terse_runner import TerseRunner

    from .job_hooks import JobProgressHook

    if folder.weights.is_file():
        known = folder.read(folder.seconds) or {}
        keys = ('seconds', 'resumed', 'started', 'commit')
        return {key: known[key] for key in keys if key in known}
    cfg = Config.fromfile(job['config'])
    refuse_unlabelled_overlap(cfg)
    last = _whole_checkpoint(folder)
    if last is not None:
        # It begins where the config says, if anywhere; a half run goes on.
        cfg.resume, cfg.load_from = True, str(last)
    # The process that started this one holds the folder's own lock.
    cfg.get('default_hooks', {}).pop('work_dir', None)
    cfg.experiment_name = f'{job["key"]}-train-{os.getpid()}'
    runner = TerseRunner.from_cfg(cfg)
    hook = JobProgressHook(folder.progress, folder.seconds)
    runner.register_hook(hook)
    runner.train()
    last = folder.path / f'iter_{runner.iter}.pth'
    content = read_checkpoint(str(last), 'the last checkpoint', 'Train anew')
    part = folder.weights.with_suffix('.tmp')
    torch.save({k: content[k] for k in ('state_dict', 'meta')}, part)
    done = dict(told, seconds=hook.seconds, resumed=hook.resumed)
    # The marks stay: it may be killed before the weights have their name.
    write_json(folder.seconds, (folder.read(folder.seconds) or {}) | done)
    os.replace(part, folder.weights)
    return done


def _whole_checkpoint(folder: JobFolder) -> Path | None:
    """The newest that was not cut off by a kill or a full disk.

    Others stay: the training writes them anew when it comes there.
    """
    for file in folder.checkpoints():
        try:
            content = read_checkpoint(str(file), 'a checkpoint', 'Train anew')
        except InputError as error:
            logging.getLogger(__name__).warning('Left aside: %s', error)
            continue
        if {'state_dict', 'optimizer', 'message_hub'} <= {*content}:
            return file
    return None


def _test(folder: JobFolder, job: dict) -> dict[str, dict]:
    from mmpose_ctd.apis.terse_runner import TestingRunner
    from mmpose_ctd.trained import load_trained

    from .job_hooks import CollectPointsHook

    found = {}
    for test in job['tests']:
        write_json(folder.progress, dict(step=job['steps'], testing=True))
        cfg = Config.fromfile(test['config'])
        _only_test(cfg)
        cfg.experiment_name = f'{test["key"]}-{os.getpid()}'
        begin = time.perf_counter()
        runner = TestingRunner.from_cfg(cfg)
        collector = CollectPointsHook()
        runner.register_hook(collector)
        load_trained(runner.model, str(folder.weights), 'Train anew.')
        runner.test()
        found[test['key']] = dict(
            collector.result(runner.test_evaluator.metrics[0]),
            test_seconds=time.perf_counter() - begin,
            config_hash=test['config_hash'],
        )
    return found


def _only_test(cfg: Config) -> None:
    """Leave what would change the weights, or draw figures nobody reads."""
    # mmengine would load it over the trained weights.
    cfg.resume, cfg.load_from = False, None
    # Averages of weights are what was stored.
    cfg.custom_hooks = [
        hook for hook in cfg.get('custom_hooks') or [] if not _is_average(hook)
    ]
    cfg.default_hooks = {
        name: hook
        for name, hook in (cfg.get('default_hooks') or {}).items()
        if name != 'visualization' and not _is_average(hook)
    }


def _is_average(hook) -> bool:
    kind = (hook or {}).get('type', '')
    return str(getattr(kind, '__name__', kind)).rsplit('.', 1)[-1] == 'EMAHook'


def _by_command(folder: JobFolder, job: dict) -> tuple[dict, dict]:
    """Let another program train and predict; judge what it predicted."""
    from .outside_predictions import score_predictions

    found, seconds = {}, 0.0
    for test in job['tests']:
        out = folder.path / f'predictions_{test["key"]}.json'
        known = job | dict(test=test['subjects'], out=str(out))
        places = {name: known[name] for name in COMMAND_PLACES}
        words = [w.format(**places) for w in shlex.split(job['command'])]
        if words[0] == 'python':
            words[0] = sys.executable
        # What an earlier start left is no answer.
        out.unlink(missing_ok=True)
        begin = time.perf_counter()
        try:
            status = subprocess.run(words, check=False).returncode
        except OSError as error:
            raise InputError(
                f'the command {words[0]!r} cannot be started ({error}).'
            ) from error
        seconds = time.perf_counter() - begin
        if status or not out.is_file():
            raise InputError(
                f'the command {words[0]!r} ended with status {status} and '
                f'{"wrote" if out.is_file() else "did not write"} its {{out}} '
                'file; what it printed is above.'
            )
        found[test['key']] = dict(
            score_predictions(test['config'], out),
            test_seconds=0.0,
            config_hash=test['config_hash'],
        )
    return dict(seconds=seconds, resumed=0), found


if __name__ == '__main__':
    run(main)
