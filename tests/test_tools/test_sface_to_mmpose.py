import hashlib
import os
import subprocess
import sys

import pytest
import torch
from sface_file import make_sface, sface_bytes

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.backbones import SFaceNet
from mmpose_ctd.models.heads import SFaceEmbedding
from mmpose_ctd.models.teachers.sface_checkpoint import convert_sface

TOOL = 'mmpose_ctd convert-sface'


@pytest.fixture(scope='module')
def onnx_file(tmp_path_factory):
    path = tmp_path_factory.mktemp('published') / 'sface.onnx'
    path.write_bytes(sface_bytes())
    return path


@pytest.fixture
def run_tool(repo_root, tmp_path):
    def run(*arguments):
        return subprocess.run(
            [sys.executable, repo_root / TOOL, *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    return run


def told(done) -> str:
    """The one line that the tool itself wrote to stderr."""
    (line,) = (
        line
        for line in done.stderr.splitlines()
        if line.startswith('sface_to_mmpose: ')
    )
    assert 'Traceback' not in done.stderr
    return line


def test_the_checkpoint_loads_safely_and_strictly_and_says_what_it_is(
    onnx_file, tmp_path, run_tool
):
    target = tmp_path / 'new' / 'sface.pth'
    done = run_tool(onnx_file, target)
    assert done.returncode == 0, done.stderr
    assert 'licence is recorded as unknown' in told(done)
    content = torch.load(target, weights_only=True)
    assert set(content) == {'state_dict', 'meta'}
    assert content['meta'] == {
        'source_sha256': hashlib.sha256(onnx_file.read_bytes()).hexdigest(),
        'source': 'unknown',
        'license': 'unknown',
        'mean': (127.5, 127.5, 127.5),
        'std': (128.0, 128.0, 128.0),
        'channel_order': 'rgb',
        'input_size': (112, 112),
        'converter': 'sface_to_mmpose',
        'converter_version': 1,
    }
    state = content['state_dict']
    for part, network in dict(
        backbone=SFaceNet(), head=SFaceEmbedding()
    ).items():
        keys = [key for key in state if key.startswith(f'{part}.')]
        network.load_state_dict(
            {key.removeprefix(f'{part}.'): state.pop(key) for key in keys},
            strict=True,
        )
    assert not state, 'keys that neither network has'
    # Neither file names nor the user's folders are anybody's business.
    raw = target.read_bytes()
    for secret in (str(tmp_path), str(onnx_file.parent), 'sface.pth', '.tmp'):
        assert secret.encode() not in raw
    assert os.listdir(target.parent) == ['sface.pth']


def test_the_same_source_gives_the_same_bytes(onnx_file, tmp_path):
    convert_sface(onnx_file, tmp_path / 'a.pth')
    convert_sface(onnx_file, tmp_path / 'b.pth')
    assert (tmp_path / 'a.pth').read_bytes() == (
        tmp_path / 'b.pth'
    ).read_bytes()


@pytest.mark.real_data
def test_the_published_file_is_recognised(shared_root, tmp_path):
    path = shared_root / 'teachers' / 'face_recognition_sface_2021dec.onnx'
    meta = convert_sface(path, tmp_path / 'sface.pth')
    assert meta['license'] == 'Apache-2.0'
    assert meta['source'].startswith('SFace')


def test_an_existing_target_is_left_alone_unless_forced(onnx_file, tmp_path):
    target = tmp_path / 'sface.pth'
    target.write_text('precious')
    with pytest.raises(InputError, match=r'sface\.pth: exists.*--force'):
        convert_sface(onnx_file, target)
    assert target.read_text() == 'precious'
    convert_sface(onnx_file, target, force=True)
    assert torch.load(target, weights_only=True)['state_dict']


def test_a_missing_source_is_one_line(tmp_path, run_tool):
    done = run_tool('nowhere.onnx', 'out.pth')
    assert done.returncode == 1
    assert 'nowhere.onnx: no such file' in told(done)
    assert 'mmpose_ctd download sface' in told(done)
    assert not list(tmp_path.iterdir())


def test_a_wrong_source_is_one_line_and_leaves_nothing(tmp_path, run_tool):
    source = tmp_path / 'in.onnx'
    source.write_text('<html>404</html>')
    done = run_tool(source, tmp_path / 'out.pth')
    assert done.returncode == 1
    assert 'in.onnx: not an ONNX file' in told(done)
    assert [path.name for path in tmp_path.iterdir()] == ['in.onnx']


def test_a_network_that_does_not_work_leaves_nothing(tmp_path):
    model = make_sface()
    (variance,) = (
        item
        for item in model.graph.initializer
        if item.name == 'fc1_moving_var'
    )
    variance.raw_data = torch.full((128,), -1.0).numpy().tobytes()
    (tmp_path / 'in.onnx').write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match=r'in\.onnx: .*not finite'):
        convert_sface(tmp_path / 'in.onnx', tmp_path / 'out.pth')
    assert [path.name for path in tmp_path.iterdir()] == ['in.onnx']


def test_a_folder_as_target_is_named(onnx_file, tmp_path):
    with pytest.raises(InputError, match='is a folder'):
        convert_sface(onnx_file, tmp_path, force=True)
