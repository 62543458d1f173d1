"""Does one run of a comparison.

python step.py NAME TOOLS [GPU ...]
"""
# Snakemake starts it in the work dir of a plan. It waits for other programs,
# ends with Snakemake, and ends what it started. It imports nothing large, not
# even this package.

import ctypes
import datetime
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout

_PR_SET_PDEATHSIG = 1
_CALL = (
    'import sys; '
    'from mmpose_ctd.apis.command_line import run; '
    'from mmpose_ctd.apis.comparing.run_facts import {0}; '
    'run(lambda: {0}(*sys.argv[1:]))'
)


class StepError(Exception):
    """A program failed; its last words say why."""


def die_with_parent() -> None:
    """Have a child end with this process, however that ends (Linux)."""
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def run_program(
    words: Sequence, log: Path, cwd: str | Path = '.', **variables: str
) -> None:
    """Run a program and wait for it; end it when Snakemake ends.

    What it prints goes to the end of ``log``; a first word ``python`` is this
    Python; ``variables`` are added to its environment.

    Raises:
        StepError: If it cannot be started or fails.
    """
    engine = os.getppid()
    words = [str(word) for word in words]
    if words[0] == 'python':
        words[0] = sys.executable
    with log.open('ab') as file:
        begin = file.tell()
        try:
            child = subprocess.Popen(
                words,
                cwd=cwd,
                env=os.environ | variables,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        except OSError as error:
            raise StepError(
                f'the command {words[0]!r} cannot be started '
                f'({error.strerror})'
            ) from error
    try:
        while child.poll() is None:
            if os.getppid() != engine:
                raise KeyboardInterrupt
            time.sleep(0.1)
    except BaseException:
        # With all that it has started.
        os.killpg(child.pid, signal.SIGKILL)
        raise
    if child.returncode:
        raise StepError(_last_words(log, begin, child.returncode))


def _last_words(log: Path, begin: int, status: int) -> str:
    """Why a program failed: its last error message, else its last line."""
    text = log.read_bytes()[begin:].decode(errors='replace')
    lines = [line.strip() for line in text.split('\n') if line.strip()]
    errors = [line for line in lines if line.startswith('error: ')]
    if status < 0 and not errors:
        name = signal.Signals(-status).name
        return f'ended by {name}; was there too little memory?'
    said = (errors or lines or ['it said nothing'])[-1]
    return f'status {status}: {said.removeprefix("error: ")[:300]}'


class RunStep:
    """A run in its folder, which has a ``run.json``.

    ``tools`` is the folder of ``train.py`` and ``test.py``; ``variables`` are
    added to the programs' environment.
    """

    def __init__(self, folder: Path, tools: str, variables: dict) -> None:
        self.folder = folder.absolute()
        self.tools = Path(tools)
        self.variables = variables
        self.job = self._read('run.json')

    def do(self) -> None:
        """Train and test, or do what is left of it.

        Raises:
            StepError: If a program failed.
        """
        started = datetime.datetime.now(datetime.UTC)
        if self.job['command']:
            training = self._command()
        else:
            training = self._shared() or self._train()
        test = self._read('test.json')
        found = dict(
            self.job['facts'],
            started=started.isoformat('T', 'seconds'),
            commit=training['commit'],
            environment=training['environment'],
            seconds=round(training['seconds'], 2),
            **test | dict(test_seconds=round(test['test_seconds'], 2)),
        )
        part = self.folder / 'metrics.tmp'
        with part.open('w', encoding='utf-8') as file:
            json.dump(found, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, self.folder / 'metrics.json')
        for pattern in ('iter_*.pth', 'last_checkpoint', 'failed.txt'):
            for file in self.folder.glob(pattern):
                file.unlink()

    def _shared(self) -> dict | None:
        """Test the weights of another run of the same training, if any."""
        for name in self.job['after']:
            other = self.folder.with_name(name)
            if (other / 'weights.pth').is_file():
                self._test(other / 'weights.pth')
                return json.loads((other / 'metrics.json').read_text('utf-8'))
        return None

    def _train(self) -> dict:
        self._run(
            *('python', self.tools / 'train.py', self.folder / 'config.py'),
            *('--work-dir', self.folder, '--resume'),
        )
        last = self.folder / f'iter_{self.job["facts"]["steps"]}.pth'
        self._test(last)
        if self.job['keep_weights']:
            self._call('keep_weights', last)
        return self._read('training.json')

    def _test(self, weights: Path) -> None:
        self._run(
            *('python', self.tools / 'test.py', self.folder / 'config.py'),
            *(weights, '--work-dir', self.folder),
        )

    def _command(self) -> dict:
        """Let another program train and predict; judge what it predicted."""
        places = self.job['places']
        out = Path(places['out'])
        # What an earlier start left is no answer.
        out.unlink(missing_ok=True)
        begin = time.perf_counter()
        words = shlex.split(self.job['command'])
        self._run(*(word.format(**places) for word in words))
        seconds = time.perf_counter() - begin
        if not out.is_file():
            raise StepError('status 0: it did not write its {out} file')
        self._call('score_predictions', self.folder / 'config.py', out)
        return self._read('training.json') | dict(seconds=seconds)

    def _call(self, function: str, *arguments) -> None:
        self._run('python', '-c', _CALL.format(function), *arguments)

    def _run(self, *words) -> None:
        log = self.folder / 'log.txt'
        run_program(words, log, self.job['here'], **self.variables)

    def _read(self, name: str) -> dict:
        return json.loads((self.folder / name).read_text('utf-8'))


def take_gpu(gpus: Sequence[str]) -> tuple[FileLock | None, dict[str, str]]:
    """Take the lowest free place of those that share the GPUs in turn.

    Returns the lock of the place, and the variable that shows its GPU.
    """
    place = 0
    while gpus:
        lock = FileLock(f'places/{place}.lock')
        try:
            lock.acquire(blocking=False)
        except Timeout:
            place += 1
            continue
        return lock, {'CUDA_VISIBLE_DEVICES': gpus[place % len(gpus)]}
    return None, {}


def do_run(name: str, tools: str, *gpus: str) -> int:
    """Do the run of this name; returns the exit status."""
    folder, begin = Path('runs', name), time.monotonic()
    # Slurm's jobs outlive Snakemake: an earlier one may be at it.
    with FileLock(folder / 'run.lock'):
        if (folder / 'metrics.json').is_file():
            return 0
        # It is released when the process ends.
        _place, variables = take_gpu(gpus)
        step = RunStep(folder, tools, variables)
        try:
            step.do()
        except StepError as error:
            (folder / 'failed.txt').write_text(str(error), 'utf-8')
            print(f'{step.job["name"]}: failed ({error})', flush=True)
            return 1
    seconds = time.monotonic() - begin
    print(f'{step.job["name"]}: done, {seconds:.0f} s', flush=True)
    return 0


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(do_run(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
