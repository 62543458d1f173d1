"""Resuming, refusing and naming: against a server on this machine."""

import contextlib
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from mmpose_ctd.apis import fetch
from mmpose_ctd.apis.fetch import FetchError, fetch_url, sha256_of

BODY = np.random.default_rng(0).bytes(700_000)
OTHER = np.random.default_rng(1).bytes(len(BODY))
SIZE, SHA256 = len(BODY), hashlib.sha256(BODY).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves ``body``; remembers the ranges that it was asked for."""

    daemon_threads = True
    body = BODY
    ranges_known = True
    status = None
    # How many bytes a reply sends before the connection breaks, by request.
    breaks_after = ()
    announce_length = True
    refuse_ranges = False
    wrong_range = False

    def __init__(self) -> None:
        super().__init__(('127.0.0.1', 0), Handler)
        self.asked = []
        self.sent = 0

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self.server_address[1]}/file.onnx'


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments) -> None:
        pass

    def do_GET(self) -> None:
        server = self.server
        wanted = self.headers.get('Range')
        server.asked.append(wanted)
        start = int(wanted[6:-1]) if wanted else 0
        if server.status:
            return self.send_error(server.status)
        if wanted and server.refuse_ranges:
            return self.send_error(416)
        if wanted and server.ranges_known:
            first = 0 if server.wrong_range else start
            self.send_response(206)
            self.send_header(
                'Content-Range',
                f'bytes {first}-{len(server.body) - 1}/{len(server.body)}',
            )
            body = server.body[first:]
        else:
            self.send_response(200)
            body = server.body
        if server.announce_length:
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        turn = len(server.asked) - 1
        if turn < len(server.breaks_after):
            body = body[: server.breaks_after[turn]]
        # In pieces, to see how much a client took before it hung up.
        with contextlib.suppress(ConnectionError):
            for begin in range(0, len(body), 100_000):
                piece = body[begin : begin + 100_000]
                self.wfile.write(piece)
                server.sent += len(piece)
        return None


@pytest.fixture
def server(monkeypatch):
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(fetch, 'PAUSE', 0)
    with Server() as server:
        threading.Thread(
            target=server.serve_forever, kwargs={'poll_interval': 0.02}
        ).start()
        yield server
        server.shutdown()


@pytest.fixture
def target(tmp_path):
    return tmp_path / 'file.onnx'


@pytest.fixture
def part(tmp_path):
    return tmp_path / 'file.onnx.part'


def get(server, target):
    fetch_url(server.url, target, SIZE, SHA256)


def names(target):
    return [path.name for path in target.parent.iterdir()]


def test_a_file_is_fetched_whole(server, target):
    get(server, target)
    assert target.read_bytes() == BODY
    assert names(target) == ['file.onnx']
    assert sha256_of(target) == SHA256


def test_a_part_is_resumed_where_it_ends(server, target, part):
    part.write_bytes(BODY[:300_000])
    get(server, target)
    assert server.asked == ['bytes=300000-']
    assert target.read_bytes() == BODY
    assert names(target) == ['file.onnx']


def test_a_complete_part_needs_no_request(server, target, part):
    part.write_bytes(BODY)
    get(server, target)
    assert server.asked == []
    assert target.read_bytes() == BODY


def test_a_server_that_ignores_ranges_is_read_from_the_start(
    server, target, part
):
    server.ranges_known = False
    part.write_bytes(OTHER[:300_000])
    get(server, target)
    assert server.asked == ['bytes=300000-']
    assert target.read_bytes() == BODY


@pytest.mark.parametrize('fault', ['refuse_ranges', 'wrong_range'])
def test_a_server_that_gives_no_such_range_is_asked_for_everything(
    server, target, part, fault
):
    setattr(server, fault, True)
    part.write_bytes(BODY[:300_000])
    get(server, target)
    assert server.asked == ['bytes=300000-', None]
    assert target.read_bytes() == BODY


def test_a_part_that_is_too_long_is_begun_anew(server, target, part):
    part.write_bytes(BODY + b'more')
    get(server, target)
    assert server.asked == [None]
    assert target.read_bytes() == BODY


def test_a_part_of_another_file_is_begun_anew(server, target, part):
    part.write_bytes(OTHER[:300_000])
    get(server, target)
    assert server.asked == ['bytes=300000-', None]
    assert target.read_bytes() == BODY


@pytest.mark.parametrize('announce', [True, False])
def test_broken_connections_are_resumed(server, target, announce):
    server.announce_length = announce
    server.breaks_after = (100_000, 200_000)
    get(server, target)
    first, second, third = server.asked
    begun = [int(wanted[6:-1]) for wanted in (second, third)]
    # What came with the last, incomplete chunk may be asked for again.
    assert first is None
    assert 0 <= 100_000 - begun[0] < fetch.CHUNK
    assert 0 <= begun[0] + 200_000 - begun[1] < fetch.CHUNK
    assert target.read_bytes() == BODY


def test_a_connection_that_keeps_breaking_leaves_the_part(
    server, target, part
):
    server.breaks_after = (100_000,) * fetch.ATTEMPTS
    with pytest.raises(FetchError, match=rf'after \d+ of {SIZE} bytes'):
        get(server, target)
    assert len(server.asked) == fetch.ATTEMPTS
    kept = part.read_bytes()
    assert kept == BODY[: len(kept)] and len(kept) > 250_000
    assert names(target) == ['file.onnx.part']


@pytest.mark.parametrize('begun', [False, True])
def test_a_wrong_hash_names_both_and_leaves_nothing(
    server, target, part, begun
):
    server.body = OTHER
    if begun:
        part.write_bytes(BODY[:1000])
    found = hashlib.sha256(OTHER).hexdigest()
    with pytest.raises(FetchError, match=f'{found}, expected {SHA256}'):
        get(server, target)
    assert names(target) == []


@pytest.mark.parametrize('begun', [False, True])
def test_a_file_of_another_size_is_refused_unread(server, target, part, begun):
    server.body = b'version https://git-lfs.github.com/spec/v1'
    server.ranges_known = False
    if begun:
        part.write_bytes(BODY[:1000])
    with pytest.raises(FetchError, match=f'42 bytes, expected {SIZE}.*LFS'):
        get(server, target)
    assert names(target) == []


def test_a_body_without_end_is_cut_off(server, target):
    server.body = BODY * 60
    server.announce_length = False
    with pytest.raises(FetchError, match=f'more than the {SIZE} bytes'):
        get(server, target)
    assert names(target) == []
    # The rest may lie in the sockets' buffers, but is not waited for.
    assert server.sent < 40 * SIZE


def test_an_http_error_is_named_and_the_part_is_kept(server, target, part):
    part.write_bytes(BODY[:1000])
    server.status = 404
    with pytest.raises(FetchError, match='answered 404 Not Found'):
        get(server, target)
    assert part.stat().st_size == 1000
    assert len(server.asked) == 1


def test_no_server_is_one_short_reason(target):
    with Server() as closed:
        url = closed.url
    with pytest.raises(FetchError) as caught:
        fetch_url(url, target, SIZE, SHA256)
    assert 'refused' in str(caught.value)
    assert '\n' not in str(caught.value) and len(str(caught.value)) < 100
    assert names(target) == []


def test_outside_a_terminal_progress_is_silent(server, target, capfd):
    get(server, target)
    assert capfd.readouterr() == ('', '')
