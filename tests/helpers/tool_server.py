"""Runs tools as processes of their own, without their imports each time.

Most of a tool's time on a toy goes into importing MMPose. A server imports it
once and forks for each call: a process as fresh as one that was started from
the shell, but for the imports. What a start prints about repaired modules is
left out; tests of that start Python itself.
"""

import atexit
import json
import logging
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

__all__ = ['run_tool', 'tool_file']

ROOT = Path(__file__).resolve().parents[2]
_server = None


def tool_file(name: str) -> Path:
    """A tool's file, wherever it lies in ``tools``."""
    moved = [*(ROOT / 'tools').glob(f'*/{name}')]
    return moved[0] if moved else ROOT / 'tools' / name


def run_tool(
    tool: str,
    *arguments: str,
    cwd: Path,
    timeout: int = 300,
    **environment: str,
) -> subprocess.CompletedProcess:
    """Run a tool as ``subprocess.run`` would.

    Args:
        tool (str): Name of its file.
        *arguments (str): Of its command line.
        cwd (Path): Current folder.
        timeout (int): Seconds.
        **environment (str): Variables beside those of the tests.
    """
    with tempfile.TemporaryDirectory() as folder:
        request = dict(
            arguments=[str(tool_file(tool)), *map(str, arguments)],
            cwd=str(cwd),
            environment={
                **os.environ,
                'OMP_NUM_THREADS': '1',
                # Configs of toys import them.
                'PYTHONPATH': f'{ROOT}:{ROOT}/tests/helpers',
                **environment,
            },
            out=f'{folder}/out',
            err=f'{folder}/err',
            timeout=timeout,
        )
        server = _started()
        server.stdin.write(json.dumps(request) + '\n')
        server.stdin.flush()
        status = json.loads(server.stdout.readline())
        out, err = (
            Path(request[name]).read_text(errors='replace')
            for name in ('out', 'err')
        )
    if status is None:
        raise subprocess.TimeoutExpired(request['arguments'], timeout)
    return subprocess.CompletedProcess(request['arguments'], status, out, err)


def _started() -> subprocess.Popen:
    global _server
    if _server is None or _server.poll() is not None:
        _server = subprocess.Popen(
            [sys.executable, __file__],
            cwd=ROOT,
            env=dict(os.environ, OMP_NUM_THREADS='1', PYTHONPATH=str(ROOT)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        atexit.register(_server.kill)
    return _server


# ------------------------------------------------------- in the server


def _serve() -> None:
    answers = os.fdopen(os.dup(1), 'w')
    # What the imports print is no answer.
    os.dup2(2, 1)
    import mmpose_ctd  # noqa: F401, I001  (it makes MMPose importable)
    import mmengine.runner  # noqa: F401
    import mmpose.apis  # noqa: F401
    from format_once import format_configs_once

    format_configs_once()

    for line in sys.stdin:
        request = json.loads(line)
        answers.write(json.dumps(_forked(request)) + '\n')
        answers.flush()


def _forked(request: dict) -> int | None:
    """The exit status as ``subprocess`` has it; None if it took too long."""
    child = os.fork()
    if child == 0:
        status = 99
        # It must not come back here, whatever happens.
        try:
            status = _run(request)
        finally:
            os._exit(status)
    end = time.monotonic() + request['timeout']
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _run(request: dict) -> int:
    for number, path in ((0, os.devnull), (1, 'out'), (2, 'err')):
        place = request.get(path, path)
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT
        os.dup2(os.open(place, flags, 0o600), number)
    os.environ.clear()
    os.environ.update(request['environment'])
    os.chdir(request['cwd'])
    arguments = request['arguments']
    sys.argv = list(arguments)
    paths = os.environ.get('PYTHONPATH', '').split(os.pathsep)
    sys.path[:1] = [os.path.dirname(arguments[0]), *filter(None, paths)]
    try:
        runpy.run_path(arguments[0], run_name='__main__')
        status = 0
    except SystemExit as error:
        status = error.code
        if status is not None and not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except BaseException:
        traceback.print_exc()
        status = 1
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    return status or 0


if __name__ == '__main__':
    _serve()
