"""Does one run of a comparison: trains, tests, writes ``metrics.json``.

python step.py FOLDER

Snakemake starts it in the work dir of a plan. It is a file that is run by
itself, without the package: it waits for the tools, and imports nothing large.
It ends when Snakemake does, and takes with it what it started.
"""

import ctypes
import datetime
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout

_PR_SET_PDEATHSIG = 1
_SCORE = (
    'import sys; '
    'from mmpose_ctd.apis.command_line import run; '
    'from mmpose_ctd.apis.comparing.run_facts import score_predictions; '
    'run(lambda: score_predictions(*sys.argv[1:]))'
)
_STRIP = (
    'import sys, torch; '
    'from mmpose_ctd.checkpoint_file import read_checkpoint; '
    "content = read_checkpoint(sys.argv[1], 'the last checkpoint', ''); "
    "torch.save({k: content[k] for k in ('state_dict', 'meta')}, sys.argv[2])"
)


class StepError(Exception):
    """A program of the run failed; its last words say why."""


class Step:
    """One run's folder, and what is done in it.

    Args:
        folder (Path): With ``run.json``.
        tools (Path): Folder of ``train.py`` and ``test.py``.
    """

    def __init__(self, folder: Path, tools: Path) -> None:
        self.folder = folder.absolute()
        self.tools = tools
        self.job = json.loads((self.folder / 'run.json').read_text('utf-8'))
        self.engine = os.getppid()
        self.gpu: dict[str, str] = {}

    def do(self) -> None:
        """Whatever is left to do; a killed run goes on.

        Raises:
            StepError: If a program failed.
        """
        started = datetime.datetime.now(datetime.UTC)
        training = self._trained() or self._train()
        self._write(
            'metrics.json',
            self.job['facts']
            | dict(started=started.isoformat('T', 'seconds'))
            | {k: training[k] for k in ('commit', 'environment')}
            | dict(seconds=round(training['seconds'], 2))
            | self._tested(),
        )
        self._clear()

    # ---------------------------------------------------------- training

    def _trained(self) -> dict | None:
        """What another run of the same training left, if it did."""
        for name in self.job['after']:
            other = self.folder.with_name(name)
            if (other / 'weights.pth').is_file():
                self._test(other / 'weights.pth')
                return json.loads((other / 'metrics.json').read_text('utf-8'))
        return None

    def _train(self) -> dict:
        if self.job['command']:
            return self._command()
        config, steps = self.folder / 'config.py', self.job['facts']['steps']
        self._run(
            *(sys.executable, self.tools / 'train.py', config),
            *('--work-dir', self.folder, '--resume'),
        )
        last = self.folder / f'iter_{steps}.pth'
        self._test(last)
        if self.job['keep_weights']:
            part = self.folder / 'weights.tmp'
            self._run(sys.executable, '-c', _STRIP, last, part)
            os.replace(part, self.folder / 'weights.pth')
        return self._read('training.json')

    def _test(self, weights: Path) -> None:
        self._run(
            *(sys.executable, self.tools / 'test.py'),
            *(self.folder / 'config.py', weights),
            *('--work-dir', self.folder),
        )

    def _tested(self) -> dict:
        found = self._read('test.json')
        return found | dict(test_seconds=round(found['test_seconds'], 2))

    def _command(self) -> dict:
        """Let another program train and predict; judge what it predicted."""
        places = self.job['places']
        words = [w.format(**places) for w in shlex.split(self.job['command'])]
        if words[0] == 'python':
            words[0] = sys.executable
        # What an earlier start left is no answer.
        Path(places['out']).unlink(missing_ok=True)
        begin = time.perf_counter()
        self._run(*words)
        seconds = time.perf_counter() - begin
        if not Path(places['out']).is_file():
            raise StepError(
                f'the command {words[0]!r} ended with status 0 and did not '
                'write its {out} file'
            )
        config = self.folder / 'config.py'
        self._run(sys.executable, '-c', _SCORE, config, places['out'])
        return self._read('training.json') | dict(seconds=seconds)

    # ------------------------------------------------------------- files

    def _read(self, name: str) -> dict:
        return json.loads((self.folder / name).read_text('utf-8'))

    def _write(self, name: str, content: dict) -> None:
        part = self.folder / f'{name}.tmp'
        with part.open('w', encoding='utf-8') as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, self.folder / name)

    def _clear(self) -> None:
        """Remove what a finished run does not need any more."""
        for pattern in ('*.pth', 'last_checkpoint', '*.tmp', 'failed.txt'):
            for file in self.folder.glob(pattern):
                if file.name != 'weights.pth':
                    file.unlink()

    # --------------------------------------------------------- processes

    def _run(self, *words) -> None:
        """Run a program in the folder where the plan was, to the log."""
        log = self.folder / 'log.txt'
        with log.open('ab') as file:
            begin = file.tell()
            try:
                child = subprocess.Popen(
                    [str(word) for word in words],
                    cwd=self.job['here'],
                    env=dict(os.environ, **self.gpu),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=die_with_parent,
                )
            except OSError as error:
                raise StepError(
                    f'the command {str(words[0])!r} cannot be started '
                    f'({error.strerror})'
                ) from error
        try:
            while child.poll() is None:
                if os.getppid() != self.engine:
                    raise KeyboardInterrupt
                time.sleep(0.1)
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            raise
        if child.returncode:
            raise StepError(_last_words(log, begin, child.returncode))


def die_with_parent() -> None:
    """Have a child end with this process, however that ends (Linux)."""
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _last_words(log: Path, begin: int, status: int) -> str:
    """Why a program failed: its last error message, else what it said last."""
    with log.open('rb') as file:
        file.seek(begin)
        text = file.read().decode(errors='replace')
    lines = [line.strip() for line in text.split('\n') if line.strip()]
    errors = [line for line in lines if line.startswith('error: ')]
    if status < 0 and not errors:
        name = signal.Signals(-status).name
        return f'ended by {name}; was there too little memory?'
    said = (errors or lines or ['it said nothing'])[-1]
    return f'status {status}: {said.removeprefix("error: ")[:300]}'


def _take_gpu(gpus: list[str]) -> tuple[FileLock | None, dict[str, str]]:
    """A GPU with the fewest runs: runs take numbered places, in turn."""
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


def main() -> int:
    """Do the run; the exit status is 1 if it failed."""
    name, tools, gpus = sys.argv[1:]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    step = Step(Path('runs', name), Path(tools))
    said, begin = step.job['name'], time.monotonic()
    # Another start of the plan may be at it; Slurm's jobs outlive theirs.
    with FileLock(step.folder / 'run.lock'):
        if (step.folder / 'metrics.json').is_file():
            return 0
        lock, step.gpu = _take_gpu(gpus.split(',') if gpus else [])
        try:
            step.do()
        except StepError as error:
            reason = str(error)
            (step.folder / 'failed.txt').write_text(reason, 'utf-8')
            print(f'{said}: failed ({reason})', flush=True)
            return 1
        except KeyboardInterrupt:
            return 130
        finally:
            if lock:
                lock.release()
    print(f'{said}: done, {time.monotonic() - begin:.0f} s', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
