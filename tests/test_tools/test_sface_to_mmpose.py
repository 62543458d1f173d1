"""mmpose_ctd convert-sface; test_sface_checkpoint.py tests the reader."""

import hashlib
import os
import runpy

import pytest
import torch
from sface_file import make_sface, sface_bytes
from tool_server import tool_file

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.backbones import SFaceNet
from mmpose_ctd.models.heads import SFaceEmbedding
from mmpose_ctd.models.teachers.sface_checkpoint import convert_sface


@pytest.fixture(scope='module')
def onnx_file(tmp_path_factory):
    path = tmp_path_factory.mktemp('published') / 'sface.onnx'
    path.write_bytes(sface_bytes())
    return path


@pytest.fixture
def run_tool(capsys):
    """Calls the tool; gives its status and what it wrote to stderr."""
    main = runpy.run_path(str(tool_file('sface_to_mmpose.py')))['main']

    def run(*arguments):
        status = main([*map(str, arguments)])
        return status, capsys.readouterr().err

    return run


def test_the_checkpoint_loads_safely_and_strictly_and_says_what_it_is(
    onnx_file, tmp_path, run_tool
):
    target = tmp_path / 'new' / 'sface.pth'
    status, told = run_tool(onnx_file, target)
    assert status == 0 and 'licence is recorded as unknown' in told
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
    networks = dict(backbone=SFaceNet(), head=SFaceEmbedding())
    for part, network in networks.items():
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
    # The same source gives the same bytes.
    convert_sface(onnx_file, tmp_path / 'b.pth')
    assert (tmp_path / 'b.pth').read_bytes() == raw


@pytest.mark.real_data
def test_the_published_file_is_recognised(shared_root, tmp_path):
    path = shared_root / 'teachers' / 'face_recognition_sface_2021dec.onnx'
    meta = convert_sface(path, tmp_path / 'sface.pth')
    assert meta['license'] == 'Apache-2.0'
    assert meta['source'].startswith('SFace')


def test_an_existing_target_is_left_alone_unless_forced(onnx_file, tmp_path):
    target = tmp_path / 'sface.pth'
    target.write_text('precious')
    for place, options in ((target, {}), (tmp_path, dict(force=True))):
        with pytest.raises(InputError) as error:
            convert_sface(onnx_file, place, **options)
        assert error.value.where == str(place)
    assert target.read_text() == 'precious'
    convert_sface(onnx_file, target, force=True)
    assert torch.load(target, weights_only=True)['state_dict']


@pytest.mark.parametrize(
    ('content', 'told'),
    [(None, 'mmpose_ctd download sface'), ('<html>404</html>', 'not an ONNX')],
)
def test_a_wrong_source_is_one_line_and_leaves_nothing(
    tmp_path, run_tool, content, told
):
    source = tmp_path / 'in.onnx'
    if content:
        source.write_text(content)
    status, line = run_tool(source, tmp_path / 'out.pth')
    assert status == 1 and told in line and str(source) in line
    assert line.startswith('sface: ') and line.count('\n') == 1
    assert not (tmp_path / 'out.pth').exists()


def test_a_network_that_does_not_work_leaves_nothing(tmp_path):
    model = make_sface()
    (variance,) = (
        item
        for item in model.graph.initializer
        if item.name == 'fc1_moving_var'
    )
    variance.raw_data = torch.full((128,), -1.0).numpy().tobytes()
    (tmp_path / 'in.onnx').write_bytes(model.SerializeToString())
    with pytest.raises(InputError) as error:
        convert_sface(tmp_path / 'in.onnx', tmp_path / 'out.pth')
    assert 'not finite' in error.value.found
    assert [path.name for path in tmp_path.iterdir()] == ['in.onnx']
