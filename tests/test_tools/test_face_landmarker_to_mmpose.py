"""mmpose_ctd convert-face-landmarker.

The reader is tested in test_face_landmarker_checkpoint.py.
"""

import hashlib
import os
import runpy

import pytest
import torch
from tflite_file import face_landmarker_bytes, task_bytes
from tool_server import tool_file

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers.face_landmarker_checkpoint import (
    convert_face_landmarker,
)


@pytest.fixture(scope='module')
def task_file(tmp_path_factory):
    path = tmp_path_factory.mktemp('published') / 'face_landmarker.task'
    path.write_bytes(task_bytes(face_landmarker_bytes()))
    return path


@pytest.fixture
def run_tool(capsys):
    """Calls the tool; gives its status and what it wrote to stderr."""
    path = tool_file('face_landmarker_to_mmpose.py')
    main = runpy.run_path(str(path))['main']

    def run(*arguments):
        status = main([*map(str, arguments)])
        return status, capsys.readouterr().err

    return run


def test_the_checkpoint_loads_safely_and_says_what_it_is(
    task_file, tmp_path, run_tool
):
    target = tmp_path / 'new' / 'face_landmarker.pth'
    status, told = run_tool(task_file, target)
    assert status == 0 and 'licence is recorded as unknown' in told
    content = torch.load(target, weights_only=True)
    assert set(content) == {'state_dict', 'meta'}
    assert content['meta'] == {
        'source_sha256': hashlib.sha256(task_file.read_bytes()).hexdigest(),
        'source': 'unknown',
        'license': 'unknown',
        'mean': (0.0, 0.0, 0.0),
        'std': (255.0, 255.0, 255.0),
        'channel_order': 'rgb',
        'input_size': (256, 256),
        'converter': 'face_landmarker_to_mmpose',
        'converter_version': 1,
    }
    parts = {key.partition('.')[0] for key in content['state_dict']}
    assert parts == {'backbone', 'head'}
    raw = target.read_bytes()
    for secret in (str(tmp_path), str(task_file.parent), '.task', '.tmp'):
        assert secret.encode() not in raw
    assert os.listdir(target.parent) == ['face_landmarker.pth']
    # The same source gives the same bytes.
    convert_face_landmarker(task_file, tmp_path / 'b.pth')
    assert (tmp_path / 'b.pth').read_bytes() == raw


@pytest.mark.real_data
def test_the_published_file_is_recognised(shared_root, tmp_path):
    path = shared_root / 'teachers' / 'face_landmarker_v2.task'
    meta = convert_face_landmarker(path, tmp_path / 'v2.pth')
    assert meta['license'] == 'Apache-2.0'
    assert meta['source'].startswith('MediaPipe')


def test_an_existing_target_is_left_alone_unless_forced(task_file, tmp_path):
    target = tmp_path / 'v2.pth'
    target.write_text('precious')
    with pytest.raises(InputError) as error:
        convert_face_landmarker(task_file, target)
    assert error.value.where == str(target)
    assert target.read_text() == 'precious'
    convert_face_landmarker(task_file, target, force=True)
    assert torch.load(target, weights_only=True)['meta']


def test_another_file_is_refused_and_nothing_is_written(tmp_path, run_tool):
    source, target = tmp_path / 'a.task', tmp_path / 'b.pth'
    status, told = run_tool(source, target)
    assert status == 1 and str(source) in told
    source.write_bytes(task_bytes(b'text'))
    status, told = run_tool(source, target)
    assert status == 1 and 'not a tflite file' in told
    assert not target.exists()
