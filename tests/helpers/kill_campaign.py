"""Kills trainings, resumes them, and counts what is lost.

python tests/helpers/kill_campaign.py --random 50 --writing 20 --workers 0 2

A training of a small network is killed (SIGKILL) at random moments, or while
it writes a checkpoint, and resumed until it has finished. Writing is slowed
down, so that kills meet it. Printed are the kills, how many finished
checkpoints were lost, whether each resume began at the newest whole
checkpoint, and how many final weights equal those of a training that was not
interrupted. ``--hook CheckpointHook`` shows mmengine's own.
"""

import argparse
import builtins
import os
import random
import re
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tool_server import ROOT, _run

STEPS, EVERY = 24, 3
_SECONDS = 600


@dataclass
class Outcome:
    """What became of the trainings of one kind.

    Attributes:
        kills (int): How often one was killed.
        lost (int): Kills after which a checkpoint that had been finished was
            gone, and no newer one was whole.
        wrong (int): Starts that did not go on from the newest whole one.
        failed (int): Trainings that did not end with status 0.
        trainings (int): Finished ones.
        exact (int): Of these, with the weights of an uninterrupted one.
        notes (list[str]): What went wrong, a line each.
    """

    kills: int = 0
    lost: int = 0
    wrong: int = 0
    failed: int = 0
    trainings: int = 0
    exact: int = 0
    notes: list = field(default_factory=list)


#: The data, augmentation and hooks of the demo, with a small network.
_CONFIG = """
_base_ = '{root}/configs/demo/ft_sface.py'
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
"""


def prepare(place: Path) -> None:
    """Synthetic faces, a teacher of random weights and a config."""
    from toy_models import teacher_file

    from mmpose_ctd.datasets.synthetic import make_synthetic_faces

    faces = make_synthetic_faces(place / 'data/synthetic_faces', 12, size=64)
    split = max((faces / 'splits').glob('train_n*_seed0.txt'))
    split.rename(faces / 'splits' / 'train_n020_seed0.txt')
    teacher_file(place / 'teacher.pth')
    (place / 'small.py').write_text(_CONFIG.format(root=ROOT))


def options(workers: int, hook: str) -> list[str]:
    """Of the command line."""
    return [
        '--cfg-options',
        f'train_cfg.max_iters={STEPS}',
        f'train_cfg.val_interval={2 * EVERY}',
        f'param_scheduler.0.end={STEPS}',
        f'default_hooks.checkpoint.type={hook}',
        f'default_hooks.checkpoint.interval={EVERY}',
        'default_hooks.checkpoint.save_best=landmark/ME',
        'default_hooks.checkpoint.rule=less',
        'default_hooks.logger.interval=1',
        'train_dataloader.batch_size=2',
        f'train_dataloader.num_workers={workers}',
        f'train_dataloader.persistent_workers={workers > 0}',
        'val_dataloader.num_workers=0',
        'val_dataloader.persistent_workers=False',
    ]


# ------------------------------------------------------- in the training


class _SlowFile:
    """A file whose content arrives piece by piece."""

    def __init__(self, file, marker: Path) -> None:
        self._file, self._marker = file, marker

    def __getattr__(self, name: str):
        return getattr(self._file, name)

    def __enter__(self):
        self._marker.touch()
        return self

    def __exit__(self, *error) -> None:
        self._file.close()
        self._marker.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        size = len(data) // 8 + 1
        for start in range(0, len(data), size):
            self._file.write(data[start : start + size])
            self._file.flush()
            time.sleep(0.02)


def _slow_down(place: Path) -> None:
    """Make writing slow, and note each checkpoint that is finished."""
    import mmengine.fileio.backends.local_backend as theirs
    from mmengine.runner import Runner

    import mmpose_ctd.files as ours

    def slow_open(path, mode='r', *args, **kwargs):
        file = builtins.open(path, mode, *args, **kwargs)  # noqa: SIM115
        if {*mode} & {*'wx'} and '.pth' in str(path):
            return _SlowFile(file, place / 'writing')
        return file

    theirs.open = ours.open = slow_open
    save = Runner.save_checkpoint

    def save_and_note(self, out_dir, filename, *args, **kwargs):
        save(self, out_dir, filename, *args, **kwargs)
        with open(place / 'finished.txt', 'a') as file:
            file.write(f'{filename}\n')

    Runner.save_checkpoint = save_and_note


def _start(place: Path, arguments: list[str], log: Path) -> int:
    child = os.fork()
    if child:
        return child
    status = 99
    try:
        _slow_down(place)
        request = dict(
            arguments=[str(ROOT / 'tools' / 'train.py'), *arguments],
            cwd=str(place),
            environment=dict(os.environ, OMP_NUM_THREADS='1'),
            out=str(log),
            err=f'{log}.err',
        )
        status = _run(request)
    finally:
        os._exit(status)


# ------------------------------------------------------- outside of it


def _wait(child: int) -> int | None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _kill(child: int, place: Path, writing: bool, drawn, typical: float):
    """Kill it, unless it ends before; the status, or None if killed."""
    begin = time.monotonic()
    moment = drawn.uniform(0, typical)
    skip, delay = drawn.randrange(3), drawn.uniform(0, 0.25)
    marker, there = place / 'writing', False
    marker.unlink(missing_ok=True)
    while time.monotonic() - begin < _SECONDS:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if writing:
            before, there = there, marker.exists()
            if there and not before:
                skip -= 1
                if skip < 0:
                    time.sleep(delay)
                    break
        elif time.monotonic() - begin > moment:
            break
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _state(folder: Path, finished: Path) -> tuple[int, int, bool]:
    """Newest whole step, newest finished one, whether a best is lost."""
    from mmpose_ctd.checkpoint_file import check_undamaged
    from mmpose_ctd.engine.checkpoint_folder import newest_whole
    from mmpose_ctd.errors import InputError

    names = finished.read_text().split() if finished.exists() else []
    steps = [int(n[5:-4]) for n in names if n.startswith('iter_')]
    try:
        newest = newest_whole(folder)
        step = newest.step if newest is not None and newest.complete else 0
    except InputError:
        step = -1
    whole = 0
    for file in folder.glob('best_*.pth'):
        try:
            check_undamaged(file, 'best')
            whole += 1
        except InputError:
            pass
    best = any(n.startswith('best_') for n in names)
    return step, max(steps, default=0), best and not whole


def _weights(folder: Path):
    from mmpose_ctd.checkpoint_file import read_checkpoint

    path = folder / f'iter_{STEPS}.pth'
    return read_checkpoint(path, 'it', 'No')['state_dict']


def campaign(
    place: Path,
    kills: int,
    writing: bool,
    workers: int,
    hook: str = 'SafeCheckpointHook',
    seed: int = 0,
) -> Outcome:
    """Kill and resume trainings until there were so many kills.

    Args:
        place (Path): Of :func:`prepare`.
        kills (int): How many.
        writing (bool): Whether all kills meet a write.
        workers (int): Of the data loader.
        hook (str): What saves.
        seed (int): Of the moments.
    """
    import torch

    drawn, outcome = random.Random(seed), Outcome()
    arguments = ['small.py', '--resume', *options(workers, hook)]
    whole = place / f'whole_{workers}'
    finished = place / 'finished.txt'
    begin = time.monotonic()
    if not (whole / f'iter_{STEPS}.pth').is_file():
        log = place / f'whole_{workers}.log'
        status = _wait(
            _start(place, [*arguments, '--work-dir', str(whole)], log)
        )
        assert status == 0, Path(f'{log}.err').read_text()
        (place / f'seconds_{workers}').write_text(
            str(time.monotonic() - begin)
        )
    typical = float((place / f'seconds_{workers}').read_text())
    right = _weights(whole)
    while outcome.kills < kills:
        # Or it would go on for ever.
        assert outcome.trainings < 5 * kills + 5, 'kills come too late'
        folder = place / 'killed'
        shutil.rmtree(folder, ignore_errors=True)
        finished.unlink(missing_ok=True)
        log, newest, status = place / 'killed.log', 0, None
        while status is None:
            log.unlink(missing_ok=True)
            child = _start(place, [*arguments, '--work-dir', str(folder)], log)
            if outcome.kills < kills:
                status = _kill(child, place, writing, drawn, typical)
                outcome.kills += status is None
            else:
                status = _wait(child)
                assert status is not None, 'it took too long'
            told = re.search(
                r'Resuming from \S+, step (\d+)|resumed epoch: 0, iter: (\d+)',
                log.read_text() if log.exists() else '',
            )
            if told and int(told[1] or told[2]) != newest:
                outcome.wrong += 1
                outcome.notes.append(f'{told[0]}, but {newest} is whole')
            newest, done, no_best = _state(folder, finished)
            if newest < done or no_best:
                outcome.lost += 1
                outcome.notes.append(
                    f'step {done} had been saved, {newest} is whole'
                    + ('; no best checkpoint' if no_best else '')
                )
                # What mmengine leaves may not be resumed at all.
                finished.unlink(missing_ok=True)
                if newest < 0:
                    shutil.rmtree(folder)
                    newest = 0
        if status:
            outcome.failed += 1
            error = Path(f'{log}.err').read_text().strip().splitlines()
            outcome.notes.append(f'status {status}: {error[-1:]}')
            continue
        outcome.trainings += 1
        ours = _weights(folder)
        outcome.exact += ours.keys() == right.keys() and all(
            torch.equal(ours[key], right[key]) for key in right
        )
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--random', type=int, default=50, metavar='KILLS')
    parser.add_argument('--writing', type=int, default=20, metavar='KILLS')
    parser.add_argument('--workers', type=int, nargs='+', default=[0, 2])
    parser.add_argument('--hook', default='SafeCheckpointHook')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    # All starts are forks of this process, without the imports' seconds.
    import mmpose_ctd  # noqa: F401, I001
    import mmengine.runner  # noqa: F401
    import mmpose.apis  # noqa: F401

    row = '{:>8} {:>8} {:>6} {:>5} {:>6} {:>7} {:>10} {:>6}'
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        prepare(place)
        print(
            row.format(
                *('moment', 'workers', 'kills', 'lost', 'wrong', 'failed'),
                *('trainings', 'exact'),
            ),
            flush=True,
        )
        for workers in args.workers:
            for kind in ('random', 'writing'):
                found = campaign(
                    place,
                    getattr(args, kind),
                    kind == 'writing',
                    workers,
                    args.hook,
                    args.seed,
                )
                print(
                    row.format(
                        *(kind, workers, found.kills, found.lost),
                        *(found.wrong, found.failed, found.trainings),
                        found.exact,
                    ),
                    flush=True,
                )
                for note in found.notes:
                    print(f'    {note}', flush=True)


if __name__ == '__main__':
    main()
