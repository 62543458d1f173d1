"""Does one job in a process of its own: trains, and tests.

python -m mmpose_ctd.apis.comparing.run_job FOLDER
"""

import datetime
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
from mmpose_ctd.privacy import redact_logs

from .commit import commit
from .job_folder import JobFolder, write_json

__all__ = ['main']


def main() -> None:
    """Do what ``job.json`` of the folder says; write ``result.json``."""
    folder = JobFolder(Path(sys.argv[1]))
    job = folder.read(folder.job)
    if job is None:
        raise InputError(f'{folder.job}: cannot be read.')
    # As it was when the process began.
    version = commit()
    redact_logs()
    import_mmpose_quietly()
    started = datetime.datetime.now(datetime.UTC).isoformat('T', 'seconds')
    if job['command']:
        trained, tests = _by_command(folder, job)
    else:
        trained = _train(folder, job)
        tests = _test(folder, job)
    # After the training: it may have set the threads.
    from mmpose_ctd.apis.benchmark.machine import machine_class

    machine = machine_class()
    del machine['load']
    write_json(
        folder.result,
        dict(
            started=started,
            commit=version,
            environment=machine,
            tests=tests,
            **trained,
        ),
    )


def _train(folder: JobFolder, job: dict) -> dict:
    """Train, or go on; leave nothing but weights."""
    from mmpose_ctd.apis.terse_runner import TerseRunner

    from .job_hooks import JobProgressHook

    times = folder.path / 'seconds.json'
    told = folder.read(times) or {}
    if folder.weights.is_file():
        return dict(seconds=told['seconds'], resumed=told['resumed'])
    cfg = Config.fromfile(job['config'])
    cfg.resume = (folder.path / 'last_checkpoint').is_file()
    cfg.experiment_name = f'{job["key"]}-train-{os.getpid()}'
    runner = TerseRunner.from_cfg(cfg)
    hook = JobProgressHook(folder.progress, times)
    runner.register_hook(hook)
    runner.train()
    last = folder.path / f'iter_{runner.iter}.pth'
    content = torch.load(last, map_location='cpu', weights_only=True)
    part = folder.weights.with_suffix('.tmp')
    torch.save({k: content[k] for k in ('state_dict', 'meta')}, part)
    write_json(times, dict(seconds=hook.seconds, resumed=hook.resumed))
    os.replace(part, folder.weights)
    return dict(seconds=hook.seconds, resumed=hook.resumed)


def _test(folder: JobFolder, job: dict) -> dict[str, dict]:
    from mmpose_ctd.apis.terse_runner import TestingRunner
    from mmpose_ctd.apis.trained_checkpoint import load_trained

    from .job_hooks import CollectPointsHook

    found = {}
    for test in job['tests']:
        write_json(folder.progress, dict(step=job['steps'], testing=True))
        cfg = Config.fromfile(test['config'])
        # Averages of weights are what was stored.
        cfg.custom_hooks = [
            h for h in cfg.get('custom_hooks') or [] if h.type != 'EMAHook'
        ]
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


def _by_command(folder: JobFolder, job: dict) -> tuple[dict, dict]:
    """Let another program train and predict; judge what it predicted."""
    from .outside_predictions import score_predictions

    found, seconds = {}, 0.0
    for test in job['tests']:
        out = folder.path / f'predictions_{test["key"]}.json'
        places = dict(
            data_root=job['data_root'],
            ann_file=job['ann_file'],
            train=job['train'],
            test=test['subjects'],
            out=str(out),
            seed=job['seed'],
            budget=job['budget'],
        )
        try:
            words = [w.format(**places) for w in shlex.split(job['command'])]
        except (KeyError, IndexError, ValueError) as error:
            raise InputError(
                f'command {job["command"]!r}: {error!r}; its places are '
                f'{", ".join("{" + name + "}" for name in places)}.'
            ) from error
        if words[0] == 'python':
            words[0] = sys.executable
        begin = time.perf_counter()
        status = subprocess.run(words, check=False).returncode
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
