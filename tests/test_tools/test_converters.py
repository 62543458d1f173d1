"""mmpose_ctd convert-sface and convert-face-landmarker.

Their readers are tested in test_models/test_teachers.
"""

import hashlib
import os

import pytest
import torch
from sface_file import make_sface, sface_bytes
from tflite_file import face_landmarker_bytes, task_bytes

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.backbones import FaceLandmarkerV2, SFaceNet
from mmpose_ctd.models.heads import FaceLandmarkerV2Head, SFaceEmbedding
from mmpose_ctd.models.teachers.face_landmarker_checkpoint import (
    convert_face_landmarker,
)
from mmpose_ctd.models.teachers.sface_checkpoint import convert_sface

CONVERT = dict(sface=convert_sface, face_landmarker=convert_face_landmarker)
PARTS = dict(
    sface=(SFaceNet, SFaceEmbedding),
    face_landmarker=(FaceLandmarkerV2, FaceLandmarkerV2Head),
)
INPUT = dict(
    sface=dict(mean=(127.5,) * 3, std=(128.0,) * 3, input_size=(112, 112)),
    face_landmarker=dict(
        mean=(0.0,) * 3, std=(255.0,) * 3, input_size=(256, 256)
    ),
)


@pytest.fixture(scope='module', params=CONVERT)
def name(request):
    return request.param


@pytest.fixture(scope='module')
def source(name, tmp_path_factory):
    path = tmp_path_factory.mktemp('published') / 'network.file'
    if name == 'sface':
        path.write_bytes(sface_bytes())
    else:
        path.write_bytes(task_bytes(face_landmarker_bytes()))
    return path


def test_the_checkpoint_loads_safely_and_strictly_and_says_what_it_is(
    name, source, tmp_path, command
):
    target = tmp_path / 'new' / 'out.pth'
    status, _, told = command(f'{name}_to_mmpose.py', source, target)
    assert status == 0 and 'licence is recorded as unknown' in told
    content = torch.load(target, weights_only=True)
    assert set(content) == {'state_dict', 'meta'}
    assert content['meta'] == INPUT[name] | {
        'source_sha256': hashlib.sha256(source.read_bytes()).hexdigest(),
        'source': 'unknown',
        'license': 'unknown',
        'channel_order': 'rgb',
        'converter': f'{name}_to_mmpose',
        'converter_version': 1,
    }
    state = content['state_dict']
    for part, network in zip(('backbone', 'head'), PARTS[name]):
        keys = [key for key in state if key.startswith(f'{part}.')]
        network().load_state_dict(
            {key.removeprefix(f'{part}.'): state.pop(key) for key in keys},
            strict=True,
        )
    assert not state, 'keys that neither network has'
    # Neither file names nor the user's folders are anybody's business.
    raw = target.read_bytes()
    for secret in (str(tmp_path), str(source.parent), source.name, '.tmp'):
        assert secret.encode() not in raw
    assert os.listdir(target.parent) == ['out.pth']
    # The same source gives the same bytes.
    CONVERT[name](source, tmp_path / 'b.pth')
    assert (tmp_path / 'b.pth').read_bytes() == raw


@pytest.mark.real_data
def test_the_published_file_is_recognised(name, shared_root, tmp_path):
    path, known = dict(
        sface=('face_recognition_sface_2021dec.onnx', 'SFace'),
        face_landmarker=('face_landmarker_v2.task', 'MediaPipe'),
    )[name]
    meta = CONVERT[name](shared_root / 'teachers' / path, tmp_path / 'x.pth')
    assert meta['license'] == 'Apache-2.0'
    assert meta['source'].startswith(known)


def test_an_existing_target_is_left_alone_unless_forced(
    name, source, tmp_path
):
    target = tmp_path / 'out.pth'
    target.write_text('precious')
    for place, options in ((target, {}), (tmp_path, dict(force=True))):
        with pytest.raises(InputError) as error:
            CONVERT[name](source, place, **options)
        assert error.value.where == str(place)
    assert target.read_text() == 'precious'
    CONVERT[name](source, target, force=True)
    assert torch.load(target, weights_only=True)['state_dict']


def test_a_wrong_source_is_one_line_and_leaves_nothing(
    name, tmp_path, command
):
    source, target = tmp_path / 'in', tmp_path / 'out.pth'
    for told in ('mmpose_ctd download', 'not a'):
        status, _, line = command(f'{name}_to_mmpose.py', source, target)
        assert status == 1 and told in line and str(source) in line
        assert line.count('\n') == 1
        source.write_text('<html>404</html>')
    assert not target.exists()


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
