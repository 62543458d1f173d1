"""Trainings that are killed and resumed lose no finished checkpoint.

``python tests/test_tools/test_kills.py MOMENT KILLS SEED`` kills more often;
MOMENT is random or writing.
"""

import builtins
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STEPS, EVERY = 24, 3
TIMEOUT = 600
#: Small faces and a small network, with the hooks that users have.
CONFIG = f"""
_base_ = '{ROOT}/tests/helpers/configs/ft_sface.py'
custom_imports = dict(imports=['mmpose_ctd', 'toy_models'])
model = dict(
    backbone=dict(type='ToyEncoder', _delete_=True),
    head=dict(
        type='HeatmapHead',
        in_channels=8,
        out_channels=19,
        deconv_out_channels=None,
        loss=dict(type='HeatmapFrobeniusLoss'),
        decoder=_base_.codec,
        _delete_=True,
    ),
    teacher=dict(
        type='SourceModel',
        backbone=dict(type='ToyEncoder'),
        checkpoint='teacher.pth',
        _delete_=True,
    ),
    regularizers=dict(
        hint=dict(
            type='HintLoss', connector=dict(in_channels=8, out_channels=8)
        )
    ),
)
val_evaluator = dict(num_bootstrap=0)
train_cfg = dict(max_iters={STEPS}, val_interval={2 * EVERY})
default_hooks = dict(
    checkpoint=dict(
        interval={EVERY}, save_best='landmark/ME', rule='less'
    ),
    logger=dict(interval=1),
)
train_dataloader = dict(
    batch_size=2, num_workers=0, persistent_workers=False
)
val_dataloader = dict(num_workers=0, persistent_workers=False)
"""


@pytest.mark.slow
@pytest.mark.parametrize(('moment', 'kills'), [('random', 2), ('writing', 3)])
def test_no_kill_loses_a_checkpoint_and_each_training_ends(moment, kills):
    # A process of its own, as it forks.
    done = subprocess.run(
        [sys.executable, __file__, moment, str(kills), '1'],
        cwd=ROOT,
        env=dict(os.environ, PYTHONPATH=f'{ROOT}:{ROOT}/tests/helpers'),
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found.pop('trainings') > 0
    assert found == dict(kills=kills, wrong=[])


def prepare(place):
    """Synthetic faces, a teacher of random weights and a config."""
    from toy_models import teacher_file

    from mmpose_ctd.datasets.synthetic import make_synthetic_faces

    faces = make_synthetic_faces(place / 'data/synthetic_faces', 12, size=64)
    split = max((faces / 'splits').glob('train_n*_seed0.txt'))
    split.rename(faces / 'splits' / 'train_n020_seed0.txt')
    teacher_file(place / 'teacher.pth')
    (place / 'small.py').write_text(CONFIG)


class SlowFile:
    """A file whose content arrives piece by piece."""

    def __init__(self, file, marker):
        self._file, self._marker = file, marker

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        self._marker.touch()
        return self

    def __exit__(self, *error):
        self._file.close()
        self._marker.unlink(missing_ok=True)

    def write(self, data):
        size = len(data) // 8 + 1
        for start in range(0, len(data), size):
            self._file.write(data[start : start + size])
            self._file.flush()
            time.sleep(0.02)


def start(place, folder):
    """Fork a training that writes slowly and notes what it has saved."""
    child = os.fork()
    if child:
        return child
    try:
        from mmengine.runner import Runner
        from tool_server import _run

        import mmpose_ctd.files

        def slow_open(path, mode='r', *args):
            file = builtins.open(path, mode, *args)  # noqa: SIM115
            slow = 'x' in mode and '.pth' in str(path)
            return SlowFile(file, place / 'writing') if slow else file

        mmpose_ctd.files.open = slow_open
        save = Runner.save_checkpoint

        def save_and_note(self, out_dir, filename, *args, **kwargs):
            save(self, out_dir, filename, *args, **kwargs)
            with open(place / 'finished.txt', 'a') as file:
                file.write(f'{filename}\n')

        Runner.save_checkpoint = save_and_note
        arguments = ['small.py', '--resume', '--work-dir', str(folder)]
        status = _run(
            dict(
                arguments=[str(ROOT / 'tools' / 'train.py'), *arguments],
                cwd=str(place),
                environment=dict(os.environ, OMP_NUM_THREADS='1'),
                out=str(place / 'log'),
                err=str(place / 'errors'),
            )
        )
    except BaseException:
        status = 99
    os._exit(status)


def ended(child, is_time):
    """Its status; None if it was killed when ``is_time()``."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end and not is_time():
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def kill_time(moment, place, drawn, typical):
    """Whether the moment has come, a function."""
    begin, marker = time.monotonic(), place / 'writing'
    if moment == 'random':
        wait = drawn.uniform(0, typical)
        return lambda: time.monotonic() - begin > wait
    marker.unlink(missing_ok=True)
    seen, wanted, delay = 0, 1 + drawn.randrange(3), drawn.uniform(0, 0.25)
    there = False

    def is_time():
        nonlocal seen, there
        before, there = there, marker.exists()
        seen += there and not before
        if seen == wanted:
            time.sleep(delay)
        return seen == wanted

    return is_time


def state(folder, finished):
    """Newest whole step, newest finished one, whether a best is lost."""
    from mmpose_ctd.checkpoint_file import check_undamaged
    from mmpose_ctd.engine.checkpoint_folder import newest_whole

    names = finished.read_text().split() if finished.exists() else []
    steps = [int(n[5:-4]) for n in names if n.startswith('iter_')]
    newest = newest_whole(folder)
    step = newest.step if newest is not None and newest.complete else 0
    best = [*folder.glob('best_*.pth')]
    for file in best:
        check_undamaged(file, 'best')
    saved = any(n.startswith('best_') for n in names)
    return step, max(steps, default=0), saved and not best


def campaign(place, moment, kills, drawn):
    """Kill and resume trainings until there were so many kills."""
    begin, wrong, trainings, killed = time.monotonic(), [], 0, 0
    finished, log = place / 'finished.txt', place / 'log'
    assert ended(start(place, place / 'whole'), lambda: False) == 0
    typical = time.monotonic() - begin
    while killed < kills:
        # Or it would go on for ever.
        assert trainings < 5 * kills + 5, 'kills come too late'
        folder, newest, status = place / 'killed', 0, None
        shutil.rmtree(folder, ignore_errors=True)
        finished.unlink(missing_ok=True)
        while status is None:
            log.unlink(missing_ok=True)
            is_time = kill_time(moment, place, drawn, typical)
            last = killed == kills
            child = start(place, folder)
            status = ended(child, (lambda: False) if last else is_time)
            killed += status is None
            text = log.read_text() if log.exists() else ''
            resumed = re.search(r'Resuming from \S+, step (\d+)', text)
            if resumed and int(resumed[1]) != newest:
                wrong.append(f'{resumed[0]}, but {newest} is whole')
            newest, done, no_best = state(folder, finished)
            if newest < done or no_best:
                wrong.append(f'step {done} was saved, {newest} is whole')
        trainings += 1
        if status:
            wrong.append((place / 'errors').read_text()[-500:])
    return dict(kills=killed, trainings=trainings, wrong=wrong)


def main():
    moment, kills, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    # All starts are forks of this process, without the imports' seconds.
    import mmpose_ctd  # noqa: F401, I001  (it makes MMPose importable)
    import mmengine.runner  # noqa: F401
    import mmpose.apis  # noqa: F401

    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        drawn = random.Random(seed)
        print(json.dumps(campaign(Path(folder), moment, kills, drawn)))


if __name__ == '__main__':
    main()
